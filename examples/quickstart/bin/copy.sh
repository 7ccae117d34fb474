#!/bin/sh
# copy.sh TENANT: copies the files of a tenant from the old server to the new.
# It refuses a tenant that is not frozen: its files could still change.
set -eu

tenant=${1:?"usage: copy.sh TENANT"}
if [ ! -e "work/frozen/$tenant" ]; then
	echo "$tenant is not frozen" >&2
	exit 1
fi
if [ ! -d "old/$tenant" ]; then
	echo "there is no directory old/$tenant" >&2
	exit 1
fi
mkdir -p work/new
rm -rf "work/new/$tenant.part" "work/new/$tenant"
cp -R "old/$tenant" "work/new/$tenant.part"
mv "work/new/$tenant.part" "work/new/$tenant"
echo "copied $(find "work/new/$tenant" -type f | wc -l | tr -d ' ') files"
