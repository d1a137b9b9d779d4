#!/bin/sh
# Trains with the settings of a config file, and says in a line how it went.
# usage: sh ci.sh [CONFIG]; exits as vggtune does
set -u
config=${1:-ci.yaml}
status=0
vggtune train --config "$config" --json --fail-if 'accuracy < 0.9' > train.json || status=$?

# train.json holds one document whether it went well or not.
figure() {
  node -e 'console.log(JSON.parse(fs.readFileSync("train.json"))'"$1"')'
}
case $status in
  0) echo "good enough: accuracy $(figure .metrics.metrics.accuracy)" ;;
  4) echo "not good enough: accuracy $(figure .metrics.metrics.accuracy)" ;;
  *) echo "failed: $(figure .error.message)" ;;
esac
exit "$status"
