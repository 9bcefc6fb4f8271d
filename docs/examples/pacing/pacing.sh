#!/bin/sh
# Calls a URL with an API key, as fast as the RateLimit field allows. Needs curl and awk.
#   TALLYGATE_KEY=tg_… sh pacing.sh 'http://localhost:8000/root?number=9&n=0.5' 20
set -eu
url=$1 calls=$2
longest=3600 # seconds: nobody waits for the next month
fields=$(mktemp)
trap 'rm -f "$fields"' EXIT

# call prints the status. The key is not among curl's arguments, where everybody on the machine could read it.
call() {
  printf 'header = "Authorization: Bearer %s"\n' "$TALLYGATE_KEY" |
    curl --config - --silent --show-error --dump-header "$fields" --output /dev/null --write-out '%{http_code}' "$url"
}

# pause prints for how long to wait: a 429 says it, and RateLimit says it of each limit that leaves nothing, "name";r=0;t=SECONDS.
pause() {
  awk -v status="$1" '
    { sub(/\r$/, ""); name = tolower($1); value = $0; sub(/^[^:]*: */, "", value) }
    status == 429 && name == "retry-after:" { longest = value + 0 }
    status != 429 && name == "ratelimit:" {
      n = split(value, items, ",")
      for (i = 1; i <= n; i++)
        if (items[i] ~ /;r=0(;|$)/ && match(items[i], /;t=[0-9]+/)) {
          t = substr(items[i], RSTART + 3, RLENGTH - 3) + 0
          if (t > longest) longest = t
        }
    }
    END { print longest + 0 }' "$fields"
}

done=0
while [ "$done" -lt "$calls" ]; do
  status=$(call)
  seconds=$(pause "$status")
  echo "$status"
  [ "$status" = 429 ] || done=$((done + 1)) # a call that was refused is made again
  [ "$done" -lt "$calls" ] || break
  if [ "$seconds" -gt "$longest" ]; then
    echo "The next call is allowed in $seconds seconds." >&2
    exit 1
  fi
  sleep "$seconds"
done
