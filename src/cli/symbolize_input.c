/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/symbolize.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum cli_address_kind cli_parse_address(const char *text, size_t size, uint32_t *ret)
{
	*ret = 0;
	while (size && is_blank(text[size - 1]))
		size--;
	for (; size && is_blank(text[0]); size--)
		text++;
	if (!size)
		return CLI_BLANK;
	if (size > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
		text += 2;
		size -= 2;
	}
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++) {
		int digit = digit_value(text[i]);
		if (digit < 0)
			return CLI_NO_ADDRESS;
		if (value <= UINT32_MAX) /* then it is too large and stays so */
			value = value << 4 | (unsigned)digit;
	}
	if (value > UINT32_MAX)
		return CLI_LONG_NUMBER;
	*ret = (uint32_t)value;
	return CLI_ADDRESS;
}

bool cli_input_fill(struct cli_input *input, bool *failed_ret)
{
	if (input->ended)
		return false;
	memmove(input->bytes, input->bytes + input->begin, input->end - input->begin);
	input->end -= input->begin;
	input->begin = 0;
	ssize_t n;
	do
		n = read(input->fd, input->bytes + input->end, sizeof(input->bytes) - input->end);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		cli_error("standard input: cannot be read: %s", strerror(errno));
		*failed_ret = true;
		return false;
	}
	input->ended = n == 0;
	input->end += (size_t)n;
	return true;
}

/* Bytes of the first line up to its end; SIZE_MAX when the end is not there yet. */
static size_t line_size(const struct cli_input *input)
{
	size_t left = input->end - input->begin;
	const char *at = input->bytes + input->begin;
	const char *end = memchr(at, '\n', left);
	if (end)
		return (size_t)(end - at);
	bool full = left == sizeof(input->bytes);
	return left && (input->ended || full) ? left : SIZE_MAX;
}

bool cli_input_line(struct cli_input *input, const char **text_ret, size_t *size_ret)
{
	for (;;) {
		size_t size = line_size(input);
		if (size == SIZE_MAX)
			return false;
		bool rest = input->skipping;
		*text_ret = input->bytes + input->begin;
		*size_ret = size;
		input->begin += size;
		input->skipping = input->begin == input->end && !input->ended;
		input->begin += input->begin < input->end; /* the newline */
		if (!rest)
			return true;
	}
}
