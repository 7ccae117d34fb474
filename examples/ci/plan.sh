#!/usr/bin/env bash
# plan.sh [DIRECTORY [COMMENT]]: checks the plan in DIRECTORY (default: .) and
# writes what a reviewer should see to the file COMMENT (default: plan-comment.md).
#
# It runs anywhere, not only in CI: it needs bash, awk and a transition binary,
# and reads from the environment
#   TRANSITION        the binary                 (default: transition, from PATH)
#   PLAN_NOW          the instant to plan for    (default: now)
#   TRANSITION_STATE  as every command does: a recorded state to compare with
#
# It exits 0 when the plan is fine, with changes or without, and 1 when a check
# failed. COMMENT is written in either case, and is below GitHub's limit of
# 65,536 characters. None of the commands has an effect, runs a process, or
# opens a file outside of DIRECTORY, so it may look at a stranger's plan.
set -euo pipefail

transition=${TRANSITION:-transition}
dir=${1:-.}
comment=${2:-plan-comment.md}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check NAME COMMAND...: runs a check and keeps its output for the comment.
failed=()
check() {
	local name=$1 status=0
	shift
	"$@" >"$work/$name" 2>&1 || status=$?
	if [ "$status" -ne 0 ]; then
		cat "$work/$name" >&2
		failed+=("$name")
	fi
}

# quote FILE: the beginning of FILE as a block that nothing in it can leave.
quote() {
	echo '<pre>'
	awk '
		{ gsub(/&/, "\\&amp;"); gsub(/</, "\\&lt;"); gsub(/>/, "\\&gt;"); gsub(/@/, "\\&#64;") }
		(size += length($0) + 1) > 15000 { print "… and more: see the log of this run."; exit }
		{ print }
	' "$1"
	echo '</pre>'
}

plan_flags=(-markdown)
if [ -n "${PLAN_NOW:-}" ]; then plan_flags+=("-now=$PLAN_NOW"); fi

check fmt "$transition" fmt -check -diff "$dir"
check validate "$transition" validate "$dir"

# A plan with a recorded state refuses to be compared with nothing. Where that
# state cannot be read, a copy of the plan that never had one can be.
note=
if [ -e "$dir/.transition.lineage" ] && [ -z "${TRANSITION_STATE:-}" ]; then
	note='The recorded state is not here: this is what the plan would do if it began now, for everybody.'
	cp -RP "$dir" "$work/copy"
	rm "$work/copy/.transition.lineage"
	dir=$work/copy
fi

if [[ " ${failed[*]-} " != *" validate "* ]]; then
	plan_status=0
	"$transition" plan "${plan_flags[@]}" "$dir" >"$work/plan.md" 2>"$work/plan" || plan_status=$?
	if [ "$plan_status" -ne 0 ]; then
		cat "$work/plan" >&2
		failed+=(plan)
	fi
fi

{
	echo '<!-- transition-plan -->'
	if [ "${#failed[@]}" -eq 0 ]; then
		cat "$work/plan.md"
		if [ -n "$note" ]; then printf '\n> %s\n' "$note"; fi
	else
		echo "## This plan cannot be merged as it is"
		for name in "${failed[@]}"; do
			printf '\n`transition %s` failed:\n\n' "$name"
			quote "$work/$name"
		done
		printf '\nTo see the same at your desk: `transition fmt` and `transition validate`.\n'
	fi
} >"$comment"

[ "${#failed[@]}" -eq 0 ]
