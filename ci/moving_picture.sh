#!/usr/bin/env bash
# Makes docs/pictures/crash.webp, the moving picture of the README: the example game is played, killed and recovered
# (`game --film`), and its pictures are put together. Needs Debian's xvfb, mesa-vulkan-drivers, ffmpeg and
# fonts-dejavu-core.
#
#   ci/moving_picture.sh [FILE]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
film=${1:-docs/pictures/crash.webp}
target=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/bevy_session-target}
font=/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf
pictures=$(mktemp -d)
trap 'rm -r "$pictures"' EXIT

CARGO_TARGET_DIR=$target cargo build --ignore-rust-version --package bevy_session --example game --features game
xvfb-run -a -s '-screen 0 1280x720x24' "$target/debug/examples/game" --film "$pictures"

# What the player sees in between: nothing, and a prompt.
ffmpeg -loglevel error -f lavfi -i color=black:size=1280x720 -frames:v 1 \
    -vf "drawtext=fontfile=$font:text='$ kill -9 lamplighter':fontcolor=white:fontsize=36:x=(w-tw)/2:y=(h-th)/2" \
    "$pictures/killed.png"

# A tenth of a second for each picture, and one and a half for the one in between.
shown() {
    printf "file '%s'\nduration %s\n" "$1" "$2"
}
{
    for picture in "$pictures"/1-play-*.png; do shown "$picture" 0.1; done
    shown "$pictures/killed.png" 1.5
    for picture in "$pictures"/2-dialog-*.png "$pictures"/3-play-*.png; do shown "$picture" 0.1; done
} >"$pictures/list"
ffmpeg -loglevel error -y -f concat -safe 0 -i "$pictures/list" -vf 'scale=800:-1:flags=lanczos' \
    -c:v libwebp_anim -quality 80 -compression_level 6 -loop 0 "$film"
printf '%s: %d bytes\n' "$film" "$(stat -c %s "$film")"
