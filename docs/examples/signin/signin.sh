#!/bin/sh
# Signs in and calls a path: refreshes the token before it ends, and waits when a response says so. Needs curl and jq.
#   TALLYGATE_PASSWORD=… sh signin.sh http://localhost:8000 NAME '/root?number=9&n=0.5' 3
set -eu
base=$1 NAME=$2 path=$3 calls=$4
export NAME
early=30     # seconds before the end of a token in which it is refreshed
longest=3600 # seconds: nobody waits for the next month
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fields=$folder/fields body=$folder/body

fail() { echo "$1" >&2; exit 1; }

# request sets status. What it gets as the arguments are options of curl; a secret among them could be read by everybody on the
# machine, so the body and the token come from standard input. After a 429 the same request is made again.
request() {
  input=$(cat)
  while :; do
    status=$(printf '%s' "$input" | curl --silent --show-error --dump-header "$fields" --output "$body" --write-out '%{http_code}' "$@")
    [ "$status" = 429 ] || return 0
    seconds=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]*\).*/\1/p' "$fields")
    [ "${seconds:-1}" -le "$longest" ] || fail "The next call is allowed in $seconds seconds."
    sleep "${seconds:-1}"
  done
}

# keep remembers the tokens of a response. A refresh token is good once: the next one comes with the new token.
keep() {
  token=$(jq -r .token "$body") refresh_token=$(jq -r .refresh_token "$body")
  ends=$(($(date +%s) + $(jq -r .expires_in "$body")))
}

sign_in() {
  request --header 'Content-Type: application/json' --data-binary @- "$base/token" <<EOF
$(jq -n '{username: env.NAME, password: env.TALLYGATE_PASSWORD}')
EOF
  [ "$status" = 200 ] || fail "$(jq -r .message "$body")"
  keep
}

refresh() {
  request --header 'Content-Type: application/json' --data-binary @- "$base/token/refresh" <<EOF
$(REFRESH_TOKEN=$refresh_token jq -n '{refresh_token: env.REFRESH_TOKEN}')
EOF
  if [ "$status" = 200 ]; then keep; else sign_in; fi # the session has ended
}

call() {
  request --config - "$base$path" <<EOF
header = "Authorization: Bearer $token"
EOF
}

sign_in
while [ "$calls" -gt 0 ]; do
  [ "$(date +%s)" -lt $((ends - early)) ] || refresh
  call
  if [ "$status" = 401 ]; then # the token was revoked before its end
    refresh
    call
  fi
  [ "$status" != 401 ] || fail "A new token is refused."
  echo "$status"
  calls=$((calls - 1))
done
