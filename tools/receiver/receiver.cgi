#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# CGI hook (RFC 3875) of a web server: POST .../<device serial> with chunks in the body.
# 202 is answered only when the bytes are durable in the database. docs/receiver.md.
#
#   FAULTLINE_DB        the database
#   FAULTLINE           the program (default: faultline)
#   FAULTLINE_MAX_BODY  bytes of a body that are accepted (default: 16777216)
#   FAULTLINE_COHORT    cohort of the devices that report here (default: none)
set -u
LC_ALL=C
export LC_ALL

answer() {
	printf 'Status: %s\r\nContent-Type: text/plain; charset=utf-8\r\n' "$1"
	[ -z "${3:-}" ] || printf '%s\r\n' "$3"
	printf '\r\n%s\n' "$2"
	exit 0
}

[ "${REQUEST_METHOD:-}" = POST ] || answer '405 Method Not Allowed' 'POST it' 'Allow: POST'

# The serial number: what follows the script's name. Nothing that could be an option or a path.
serial=${PATH_INFO:-}
serial=${serial#/}
case $serial in
'' | [!A-Za-z0-9]* | *[!A-Za-z0-9_.:-]*) answer '400 Bad Request' 'no device serial in the path' ;;
esac
[ ${#serial} -le 128 ] || answer '400 Bad Request' 'the device serial is too long'

length=${CONTENT_LENGTH:-}
limit=${FAULTLINE_MAX_BODY:-16777216}
case $length in
'') answer '411 Length Required' 'say Content-Length' ;;
*[!0-9]*) answer '400 Bad Request' 'Content-Length is no number' ;;
esac
if [ ${#length} -gt 15 ] || [ "$length" -gt "$limit" ]; then
	answer '413 Content Too Large' "at most $limit bytes"
fi

words=$("${FAULTLINE:-faultline}" ingest --http-body --device "$serial" \
	--content-type "${CONTENT_TYPE:-}" --content-encoding "${HTTP_CONTENT_ENCODING:-}" \
	--content-length "$length" --max-body "$limit" \
	${FAULTLINE_COHORT:+--cohort "$FAULTLINE_COHORT"} 2>&1 >/dev/null)
case $? in
0) answer '202 Accepted' 'taken in' ;;
3) answer '400 Bad Request' "$words" ;;
esac
printf '%s: %s\n' "$serial" "$words" >&2
answer '503 Service Unavailable' 'try again later' 'Retry-After: 60'
