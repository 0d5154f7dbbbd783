#!/usr/bin/env bash
# Installs what tests build with and run builds in, of the versions in their lock files: frameworks, runtimes, versions of
# TypeScript, Jest and Node. All of it (3 GB), or what is named: `bash test/install.sh nuxt jest30`. What can't be had is
# named; its tests skip.
set -euo pipefail
cd "$(dirname "$0")"
quietly=(--silent --ignore-scripts --no-audit --no-fund)
for lock in ../examples/edge-worker/demo/package-lock.json */installed/package-lock.json */installed/*/package-lock.json; do
  folder=$(dirname "$lock")
  for name in "${@:-}"; do
    case "/$folder/" in
      *"/$name/"* | *"/${name:-$folder}/"*)
        # Some lock files lack packages for other systems, by a fault of npm, for which `npm ci` refuses them.
        npm ci "${quietly[@]}" --prefix "$folder" || npm install --no-save "${quietly[@]}" --prefix "$folder" ||
          echo "$folder is not to be had"
        ;;
    esac
  done
done
