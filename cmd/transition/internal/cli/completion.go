package cli

import (
	"github.com/spf13/cobra"
)

func newCompletion(env Env) *cobra.Command {
	shells := []string{"bash", "fish", "powershell", "zsh"}
	cmd := face{
		use: "completion SHELL", short: "prints completions for bash, fish, powershell or zsh",
		example: "completion bash > /etc/bash_completion.d/transition",
		noJSON:  true,
	}.command(exactlyOne("a shell"), func(cmd *cobra.Command, args []string) error {
		root := cmd.Root()
		switch args[0] {
		case "bash":
			return root.GenBashCompletionV2(env.Stdout, true)
		case "fish":
			return root.GenFishCompletion(env.Stdout, true)
		case "powershell":
			return root.GenPowerShellCompletionWithDesc(env.Stdout)
		case "zsh":
			return root.GenZshCompletion(env.Stdout)
		default:
			return usagef(didYouMean("transition completion ", args[0], shells), "There are no completions for %q.", args[0])
		}
	})
	cmd.ValidArgs = shells
	return cmd
}
