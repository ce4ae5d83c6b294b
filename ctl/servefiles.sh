#!/bin/sh
# servefiles.sh DIR - the files of the status page as C, on standard output.
set -eu

files='/ index.html text/html
/page.css page.css text/css
/page.js page.js text/javascript
/dom.js dom.js text/javascript
/map.js map.js text/javascript
/chart.js chart.js text/javascript
/show.js show.js text/javascript
/icon.svg icon.svg image/svg+xml'

printf '/* Made by ctl/servefiles.sh. */\n#include "ctl/servefiles.h"\n'
echo "$files" | while read -r path file type; do
	printf 'static const unsigned char octets_%s[] = {\n' "${file%.*}_${file#*.}"
	od -An -v -tx1 "$1/$file" | sed 's/\([0-9a-f][0-9a-f]\)/0x\1,/g'
	printf '};\n'
done
printf 'const struct servefile servefiles[] = {\n'
echo "$files" | while read -r path file type; do
	name=octets_${file%.*}_${file#*.}
	printf '\t{ "%s", "%s; charset=utf-8", %s, sizeof(%s) },\n' "$path" \
	    "$type" "$name" "$name"
done
printf '\t{ .path = NULL }\n};\n'
