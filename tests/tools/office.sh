#!/usr/bin/env bash
# Prints where LibreOffice is, for the tests that open files with it; installs Debian's package where it is missing and that
# is possible (about 100 MB to fetch, 300 MB on disk). Where it is not, says why and prints nothing: outside CI the tests are
# then skipped.
set -euo pipefail

if ! command -v soffice >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "installing LibreOffice, to open with it what is written for accountants" >&2
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends libreoffice-calc; } >/dev/null 2>&1 ||
    echo "apt-get could not install libreoffice-calc" >&2
fi
command -v soffice || echo "no LibreOffice: install it (Debian: libreoffice-calc) to have the packs opened with it" >&2
