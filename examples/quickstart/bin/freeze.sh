#!/bin/sh
# freeze.sh on|off TENANT: makes the files of a tenant on the old server
# read-only, or writable again. Either may run any number of times.
set -eu

tenant=${2:?"usage: freeze.sh on|off TENANT"}
mkdir -p work/frozen
case $1 in
on) : >"work/frozen/$tenant" ;;
off) rm -f "work/frozen/$tenant" ;;
*)
	echo "usage: freeze.sh on|off TENANT" >&2
	exit 64
	;;
esac
echo "freeze of $tenant is $1"
