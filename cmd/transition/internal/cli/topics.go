package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// topics are pages of help that belong to no command.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "what the exit codes mean", Long: exitCodesTopic()},
		{Use: "environment", Short: "variables that are read", Long: strings.TrimSpace(environmentTopic)},
		{Use: "addresses", Short: "how tenants and items are named", Long: strings.TrimSpace(addressesTopic)},
		{Use: "instants", Short: "how dates and times are written", Long: strings.TrimSpace(instantsTopic)},
	}
}

func exitCodesTopic() string {
	var b strings.Builder
	b.WriteString("Every command ends with one of these codes:\n\n")
	writeExits(&b, []string{"0", "1", "2", "3", "4", "5", "64", "130"})
	b.WriteString("\nplan gives 0, 1 or 2; what lies in the future is no change.\n" +
		"3 comes from apply, run, status, why and next only; for edits of the plan\nfrom apply -auto-approve=due and run, which leave them.")
	return b.String()
}

const environmentTopic = `
Flags beat the environment.

  TRANSITION_CHDIR       as -chdir
  TRANSITION_STATE       as -state
  TRANSITION_VAR_name    the value of the variable "name" of the plan, as -var
  TRANSITION_VARFILE     files as of -var-file, separated like PATH
  TRANSITION_JSON        as -json: true or false
  TRANSITION_NO_COLOR    as -no-color: true or false
  TRANSITION_INPUT       as -input: true or false
  TRANSITION_LOG         trace, debug, info, warn or error: log to stderr
  TRANSITION_LOG_FILE    log to this file instead
  TRANSITION_LOG_FORMAT  text or json
  TRANSITION_STATE_ON_NETWORK  true: write to a state on a network file system all the same
  NO_COLOR               not empty: no colour
  CI                     not empty, 0 or false: never ask
`

const addressesTopic = `
  contoso                      a tenant
  contoso/Lock/tenant_admin    one item of it, as TENANT/PHASE/ITEM
  contoso/consent/answer       what it answers to being moved, where the plan asks
  batch.wave1                  every tenant of a batch
  batch.wave1/Lock/edit        one item of each of them, as batch.NAME/PHASE/ITEM

A selector is an address that may hold the globs * and ?. Quote it for the shell:

  $ transition status '*/Lock/*'
  $ transition hold batch.wave1 -reason="the mail server is down"

hold, resume, rollback, withdraw and postpone are about tenants as a whole, and
take no PHASE/ITEM.

An answer is covered only by a selector that has consent written out in it.
`

const instantsTopic = `
An instant is RFC 3339, or a local date or time in the plan's time zone:

  2012-03-23T18:00:00-07:00
  2012-03-23 18:00
  2012-03-23

-now=INSTANT looks at the plan as of that instant; it is accepted by commands
that only read. apply -rehearse=INSTANT acts as of that instant, in a recorded
state of its own.
`
