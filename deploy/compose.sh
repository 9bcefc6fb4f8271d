#!/usr/bin/env bash
# Runs Compose for `make up`, `make down`, `make logs` and `make rotate-secret STACK=compose`. It waits until the stack is ready,
# and explains in one sentence what went wrong.
#   PORT=8000          the gateway's port; 127.0.0.1:8000 if only this machine may reach it
#   SECRETS_DIR=       a folder with secrets of your own (docs/operate.md)
#   GO_IMAGE=, POSTGRES_IMAGE=   other base images than those of deploy/images.env
#   COMPOSE=           the Compose command, if it is not `docker compose` or `docker-compose`
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
	echo "deploy/compose.sh: $*" >&2
	exit 1
}

find_compose() {
	command -v docker >/dev/null || fail "docker is not installed: install Docker, or use 'make run', which needs Go alone."
	if [ -n "${COMPOSE:-}" ]; then
		read -r -a compose <<<"$COMPOSE"
	elif docker compose version >/dev/null 2>&1; then
		compose=(docker compose)
	elif command -v docker-compose >/dev/null; then
		compose=(docker-compose)
	else
		fail "Compose is not installed: install the Compose plugin of Docker ('docker compose'), version 2 or later."
	fi
	local version
	version=$("${compose[@]}" version --short 2>/dev/null || true)
	case ${version#v} in
	0.* | 1.[0-9].* | 1.1[0-9].* | 1.2[0-8].*)
		fail "Compose $version is too old for docker-compose.yml: install 1.29, or better the Compose plugin of Docker, version 2 or later."
		;;
	esac
	docker info >/dev/null 2>&1 || fail "the Docker engine does not answer: start it, and see what 'docker info' says."
}

check_settings() {
	local port=${PORT:-8000}
	port=${port##*:}
	[[ $port =~ ^[0-9]+$ ]] && [ "$port" -le 65535 ] || fail "PORT=$PORT is no port: choose a number up to 65535, like PORT=8080 make up."
	[ -n "${SECRETS_DIR:-}" ] || return 0
	[ -d "$SECRETS_DIR" ] || fail "SECRETS_DIR=$SECRETS_DIR is no folder: make it and put your secrets there, or unset SECRETS_DIR to have secrets made."
	SECRETS_DIR=$(cd "$SECRETS_DIR" && pwd)
	export SECRETS_DIR
}

# version sets VERSION and COMMIT for the images.
version() {
	[ -n "${VERSION:-}" ] || VERSION=$(git describe --tags --always --dirty 2>/dev/null | tr -c 'A-Za-z0-9_.\n-' - || true)
	[ -n "${COMMIT:-}" ] || COMMIT=$(git rev-parse HEAD 2>/dev/null || true)
	export VERSION=${VERSION:-dev} COMMIT=${COMMIT:-unknown}
}

# base_images sets GO_IMAGE and POSTGRES_IMAGE to the pinned images, unless they are set. Where a pinned image cannot be pulled, as
# without a registry, the one that has its tag on this machine is used.
base_images() {
	local variable pinned
	while IFS='=' read -r variable pinned; do
		case $variable in '' | '#'*) continue ;; esac
		[ -z "${!variable:-}" ] || continue
		if docker image inspect "$pinned" >/dev/null 2>&1 || docker pull -q "$pinned" >/dev/null 2>&1; then
			export "$variable=$pinned"
		elif docker image inspect "${pinned%@*}" >/dev/null 2>&1; then
			echo "The pinned image cannot be pulled: ${pinned%@*} is used as it is on this machine."
		else
			fail "${pinned%@*} cannot be pulled: check the connection to the registry, or load the image."
		fi
	done <deploy/images.env
}

# why fails with one sentence that explains the output of Compose and of the containers.
why() {
	local id
	if grep -qiE 'port is already allocated|address already in use' "$output"; then
		fail "port ${PORT:-8000} is taken by another program: stop that program, or choose another port, like PORT=8080 make up."
	fi
	for id in $(docker ps -aq --filter "label=com.docker.compose.service=secrets" --filter "label=com.docker.compose.project=$(project)"); do
		if [ "$(docker inspect -f '{{.State.ExitCode}}' "$id")" != 0 ]; then
			fail "$(docker logs --since "$(docker inspect -f '{{.State.StartedAt}}' "$id")" "$id" 2>&1 | sed 's/^auth-service: //')"
		fi
	done
	fail "the containers did not start; the reason stands above or in 'make logs'."
}

# project is the name that Compose gives the stack.
project() {
	if [ -n "${COMPOSE_PROJECT_NAME:-}" ]; then
		echo "$COMPOSE_PROJECT_NAME"
	else
		basename "$PWD" | tr '[:upper:]' '[:lower:]' | tr -cd 'a-z0-9_-'
	fi
}

# wait_healthy waits until every container with a health check is healthy.
wait_healthy() {
	local unhealthy
	for _ in $(seq 240); do
		# shellcheck disable=SC2046 # one word for each container
		unhealthy=$(docker inspect -f '{{if .State.Health}}{{if ne .State.Health.Status "healthy"}}{{.Name}} {{end}}{{end}}' $("${compose[@]}" ps -q))
		[ -n "${unhealthy//[[:space:]]/}" ] || return 0
		sleep 0.5
	done
	fail "not ready after two minutes: ${unhealthy//$'\n'/}; see 'make logs'."
}

up() {
	check_settings
	version
	base_images
	local address
	output=$(mktemp)
	trap 'rm -f "$output"' EXIT
	# Build one image first: with any builder, the others then find the shared stage in the cache.
	{ "${compose[@]}" build auth-service && "${compose[@]}" up -d --build --remove-orphans; } 2>&1 | tee "$output" || why
	wait_healthy
	address=$("${compose[@]}" port gateway 8000 | head -n 1)
	case $address in
	0.0.0.0:* | 127.0.0.1:* | :::* | '[::]:'* | '[::1]:'*) address=localhost:${address##*:} ;;
	esac
	address=http://$address
	printf '\nTallygate is ready at %s (make logs shows the logs, make down stops it).\n' "$address"
	sed "s|URL|$address|g" deploy/local/first-calls.txt
}

# rotate replaces a secret in its volume while the containers run. The first argument is jwt, internal, signing or hs256.
rotate() {
	local own
	own=$("${compose[@]}" config | sed -n 's/^ *SECRETS_DIR: *//p' | tr -d "\"'" | head -n 1)
	[ -z "$own" ] || fail "the secrets in $own are your own: rotate them there, in three edits (docs/rotate-secrets.md)."
	local folder=$1
	[ "$folder" != hs256 ] || folder=jwt
	exec "${compose[@]}" run --rm -T --no-deps secrets secrets rotate "$1" "/run/secrets/$folder" "${@:2}"
}

compose=()
case ${1:-} in
up)
	find_compose
	up
	;;
down)
	find_compose
	version
	exec "${compose[@]}" down --remove-orphans
	;;
logs)
	find_compose
	version
	exec "${compose[@]}" logs --follow --tail=100
	;;
rotate)
	find_compose
	version
	rotate "${@:2}"
	;;
*)
	fail "say up, down, logs or rotate."
	;;
esac
