#!/usr/bin/env bash
# `make pin`: asks the registry for the newest digests of the base images, and writes them into deploy/images.env.
set -euo pipefail
cd "$(dirname "$0")/.."

for pinned in $(grep -oE '[a-z]+:[A-Za-z0-9._-]+@sha256:[0-9a-f]{64}' deploy/images.env); do
	tag=${pinned%@*}
	digest=$(docker pull "$tag" | sed -n 's/^Digest: //p')
	[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "deploy/pin.sh: the registry did not tell the digest of $tag" >&2; exit 1; }
	sed -i "s|$pinned|$tag@$digest|" deploy/images.env
	echo "$tag@$digest"
done
