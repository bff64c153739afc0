#!/bin/sh
# Unpacks a software graphics card into a folder, to test the webgpu backend on machines without a real one:
#
#   eval "$(scripts/swiftshader.sh .swiftshader)" && npm test
#
# Nothing is installed. Needs apt (Debian) and its package lists; fetches about 32 MB, once.
set -eu

if [ $# -ne 1 ]; then
  echo "usage: eval \"\$($0 DIR)\"" >&2
  exit 2
fi
mkdir -p "$1"
dir=$(cd "$1" && pwd)
driver=$dir/usr/lib/chromium/vk_swiftshader_icd.json

if [ ! -e "$driver" ]; then
  command -v apt-get >/dev/null || { echo "$0 needs apt-get, on Debian." >&2; exit 1; }
  # SwiftShader comes with Debian's Chromium; Ubuntu's Chromium is a snap, without it.
  cd "$dir"
  apt-get download -q chromium-common libvulkan1 >&2 ||
    { echo "$0: the packages were not found; if apt has no lists yet, run apt-get update first." >&2; exit 1; }
  for package in *.deb; do dpkg-deb -x "$package" .; done
  rm ./*.deb
  [ -e "$driver" ] || { echo "$0: chromium-common no longer has SwiftShader." >&2; exit 1; }
fi

# The driver's own description names its library relative to itself.
echo "export VK_ICD_FILENAMES='$driver'"
echo "export LD_LIBRARY_PATH='$(dirname "$(find "$dir/usr/lib" -name libvulkan.so.1 ! -path '*/chromium/*')")'\"\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}\""
