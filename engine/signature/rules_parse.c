/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/rules_parse.h"

#include "base/str.h"

#include <inttypes.h>
#include <string.h>

struct parser {
	const char *list; /* copied name */
	enum fl_rule_kind kind;
	uint32_t line;
	struct fl_arena *arena;
	struct fl_error *err;
};

static const char *const kind_names[FL_RULE_KIND_COUNT] = {
	"irrelevant", "sentinel", "plumbing", "entry", "prefix", "category",
};

/* The kind is the name up to the first '/'. */
static bool kind_of(const char *list, enum fl_rule_kind *ret)
{
	size_t size = strcspn(list, "/");
	for (unsigned i = 0; i < FL_RULE_KIND_COUNT; i++) {
		if (strlen(kind_names[i]) != size || memcmp(list, kind_names[i], size) != 0)
			continue;
		*ret = (enum fl_rule_kind)i;
		return true;
	}
	return false;
}

static enum fl_code refuse(const struct parser *p, const char *what, const char *text, size_t size)
{
	char clean[64];
	fl_utf8_clean(text, size, clean, sizeof(clean));
	return fl_fail(p->err, FL_EFORMAT, FL_AT_NONE, p->line, "%s line %" PRIu32 ": %s: %s",
		       p->list, p->line, what, clean);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static size_t trimmed(const char *text, size_t size)
{
	while (size && is_blank(text[size - 1]))
		size--;
	return size;
}

static bool is(const char *text, size_t size, const char *word)
{
	return strlen(word) == size && !memcmp(text, word, size);
}

/* Options whose values are words of ours. */
static bool read_choice(struct fl_rule *rule, const char *name, size_t name_size, const char *value,
			size_t size)
{
	if (is(name, name_size, "key") && is(value, size, "thread"))
		rule->by_thread = true;
	else if (is(name, name_size, "key") && is(value, size, "parties"))
		rule->by_parties = true;
	else if (is(name, name_size, "start") && is(value, size, "caller"))
		rule->start = FL_START_CALLER;
	else if (is(name, name_size, "start") && is(value, size, "interrupted"))
		rule->start = FL_START_INTERRUPTED;
	else if (is(name, name_size, "detail") && is(value, size, "reason"))
		rule->detail = FL_DETAIL_REASON;
	else if (is(name, name_size, "detail") && is(value, size, "panic-code"))
		rule->detail = FL_DETAIL_PANIC_CODE;
	else
		return false;
	return true;
}

/* Where the text of an option goes; NULL when there is no such option in this kind of list. */
static const char **
option_field(const struct parser *p, struct fl_rule *rule, const char *name, size_t size)
{
	if (p->kind == FL_RULE_CATEGORY)
		return is(name, size, "word") ? &rule->word : NULL;
	if (is(name, size, "module"))
		return &rule->module;
	if (is(name, size, "under"))
		return &rule->under;
	return is(name, size, "cause") ? &rule->cause : NULL;
}

/* "@name:value" without the '@'. */
static enum fl_code
read_option(const struct parser *p, struct fl_rule *rule, const char *text, size_t size)
{
	const char *colon = memchr(text, ':', size);
	size_t name_size = colon ? (size_t)(colon - text) : size;
	const char *value = colon ? colon + 1 : text + size;
	size_t value_size = trimmed(value, (size_t)(text + size - value));
	if (!value_size)
		return refuse(p, "option without a value", text, size);
	if (p->kind == FL_RULE_CATEGORY && read_choice(rule, text, name_size, value, value_size))
		return FL_OK;
	const char **field = option_field(p, rule, text, name_size);
	if (!field)
		return refuse(p, "unknown option", text, size);
	*field = fl_arena_strndup(p->arena, value, value_size);
	return *field ? FL_OK
		      : fl_fail(p->err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for %s", p->list);
}

/* Where the next option begins: an '@' after a blank. Patterns may hold blanks, but no " @". */
static size_t to_option(const char *text, size_t size)
{
	const char *end = text + size;
	const char *at = text;
	while (at < end && (at = memchr(at + 1, '@', (size_t)(end - at) - 1)))
		if (at[-1] == ' ' || at[-1] == '\t')
			return (size_t)(at - text);
	return size;
}

static enum fl_code
read_line(const struct parser *p, const char *text, size_t size, struct fl_vec *rules)
{
	size_t end = to_option(text, size);
	struct fl_rule rule = { .kind = p->kind, .list = p->list, .line = p->line };
	if (*text == '@')
		return refuse(p, "option without a pattern", text, size);
	rule.pattern = fl_arena_strndup(p->arena, text, trimmed(text, end));
	if (!rule.pattern)
		return fl_fail(p->err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for %s", p->list);
	while (end < size) {
		const char *option = text + end + 1;
		size_t left = size - end - 1;
		size_t option_size = to_option(option, left);
		enum fl_code code = read_option(p, &rule, option, option_size);
		if (code)
			return code;
		end += 1 + option_size;
	}
	return fl_vec_push(rules, &rule)
		       ? FL_OK
		       : fl_fail(p->err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for %s", p->list);
}

enum fl_code fl_rules_parse(const struct fl_rules_file *file, struct fl_arena *arena,
			    struct fl_vec *rules, struct fl_error *err)
{
	struct parser p = { .arena = arena, .err = err };
	p.list = fl_arena_strdup(arena, file->name);
	if (!p.list)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for signature rules");
	if (!kind_of(p.list, &p.kind))
		return refuse(&p, "no such kind of list", file->name, strlen(file->name));
	for (const char *text = file->text; *text;) {
		size_t size = (size_t)(strchrnul(text, '\n') - text);
		const char *next = text + size + (text[size] == '\n');
		size_t blank = strspn(text, " \t\r");
		p.line++;
		size = trimmed(text, size);
		if (blank < size && text[blank] != '#') {
			enum fl_code code = read_line(&p, text + blank, size - blank, rules);
			if (code)
				return code;
		}
		text = next;
	}
	return FL_OK;
}
