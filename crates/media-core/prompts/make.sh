#!/bin/sh
# Speaks words.txt into en/*.g722 and es/*.g722. Run by a developer who changed words.txt; what it makes is committed, so
# that a build needs neither program. Debian: apt-get install espeak-ng sox
#
# The voices are synthesised by espeak-ng alone: no recording of anybody is in them, and nobody has a right to them.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo build --quiet --release --locked --package offhook-media-core --example g722_encode
encode=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/examples/g722_encode

# Some words are kept as µ-law too, made by sox alone: black-box tests compare with them what a phone hears.
compared=../../../tests/prompts
rm -rf "$compared"
mkdir "$compared"

# Silence around the words is cut to 20 and 40 ms, so that sentences can be put together of them.
speak() {
    espeak-ng -v "$1" -s 195 -a 100 -w "$work/spoken.wav" "$3"
    sox -D -v 0.8 "$work/spoken.wav" --encoding signed-integer --bits 16 --endian little --channels 1 --type raw "$work/spoken.raw" \
        silence 1 0.005 0.4% reverse silence 1 0.005 0.4% reverse \
        rate -v 16000 highpass 100 norm -5 pad 0.02 0.04
    "$encode" <"$work/spoken.raw" >"$2"
    case $2 in
        */greeting.g722 | en/you-are-number.g722 | en/1.g722 | en/in-the-queue.g722 | en/one-new.g722 | en/no-new.g722 | en/deleted.g722 | en/end.g722)
            sox -D --encoding signed-integer --bits 16 --endian little --channels 1 --rate 16000 --type raw "$work/spoken.raw" \
                --encoding u-law --type raw "$compared/$(echo "${2%.g722}" | tr / -).ul" rate -v 8000 ;;
    esac
}

rm -rf en es
mkdir en es
grep -v '^#' words.txt | while IFS='|' read -r name english spanish; do
    name=$(echo $name)
    speak en-us "en/$name.g722" "$english"
    speak es "es/$name.g722" "$spanish"
done
