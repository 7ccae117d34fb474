#!/usr/bin/env bash
# comment.sh REPOSITORY NUMBER COMMENT: shows the file COMMENT on a pull request,
# in one comment that later runs replace. It needs the gh command line.
#
# The text goes from file to file. As an argument it would be too long for some
# systems, and visible to everybody on the machine.
set -euo pipefail

repository=$1
number=$2
comment=$3
marker='<!-- transition-plan -->'

id=$(gh api "repos/$repository/issues/$number/comments" --paginate \
	--jq ".[] | select(.user.type == \"Bot\") | select(.body | startswith(\"$marker\")) | .id" | head -n 1)

if [ -n "$id" ]; then
	gh api --silent --method PATCH "repos/$repository/issues/comments/$id" --field "body=@$comment"
else
	gh api --silent --method POST "repos/$repository/issues/$number/comments" --field "body=@$comment"
fi
