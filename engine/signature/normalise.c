/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three steps over a bounded buffer: cut what surrounds a name, fold the many spellings of unnamed
 * things into one byte each, then copy while leaving out whatever stands in brackets.
 */
#include "signature/normalise.h"

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define GCC_ANONYMOUS "_GLOBAL__N_1"

enum {
	WORK_SIZE = 4096,
	ANONYMOUS = 1, /* stands for "(anonymous namespace)" */
	LAMBDA = 2,    /* stands for "{lambda}" */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c & 0x80);
}

/* Length of @p prefix when @p text begins with it, else 0. */
static size_t starts(const char *text, const char *prefix)
{
	size_t size = strlen(prefix);
	return strncmp(text, prefix, size) == 0 ? size : 0;
}

static const char *cut_front(const char *name)
{
	/* The linker's --wrap; thunks as the demanglers of GCC and LLVM call them. */
	static const char *const prefixes[] = {
		"__wrap_",
		"__real_",
		"non-virtual thunk to ",
		"virtual thunk to ",
		"covariant return thunk to ",
	};
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]);) {
		size_t size = starts(name, prefixes[i]);
		if (size && name[size]) {
			name += size;
			i = 0;
		} else {
			i++;
		}
	}
	return name;
}

/* ".constprop.0", ".cold", ".lto_priv.3", ".llvm.8234", ".7": what GCC and LLVM append to copies.
 */
static bool is_clone_suffix(const char *suffix, size_t size)
{
	static const char *const words[] = {
		"constprop",   "isra",   "part",    "cold",     "hot",  "unlikely",
		"startup",     "exit",   "clone",   "lto_priv", "llvm", "localalias",
		"specialized", "resume", "destroy", "cleanup",
	};
	size_t digits = 0;
	while (digits < size && is_digit(suffix[digits]))
		digits++;
	if (size && digits == size)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == size && !memcmp(suffix, words[i], size))
			return true;
	return false;
}

/* Size of @p name without one trailing addition. */
static size_t cut_back_once(const char *name, size_t size)
{
	const char *dot = memrchr(name, '.', size);
	if (dot && dot > name && is_clone_suffix(dot + 1, (size_t)(name + size - dot) - 1))
		return (size_t)(dot - name);
	const char *clone = size && name[size - 1] == ']' ? memrchr(name, '[', size) : NULL;
	if (clone && clone > name + 1 && starts(clone, "[clone "))
		return (size_t)(clone - name) - (clone[-1] == ' ');
	enum { RUST_HASH = sizeof("::h0123456789abcdef") - 1 };
	if (size > RUST_HASH && starts(name + size - RUST_HASH, "::h")) {
		size_t i = size - 16;
		while (i < size && is_hex(name[i]))
			i++;
		if (i == size)
			return size - RUST_HASH;
	}
	return size;
}

static void cut_back(char *name)
{
	size_t size = strlen(name);
	for (size_t before = size + 1; size < before;) {
		before = size;
		size = cut_back_once(name, size);
	}
	name[size] = '\0';
}

/* Bytes of the group that @p text opens with, through its closing bracket; 0 when it never closes.
 */
static size_t group(const char *text, char open, char close)
{
	size_t depth = 0;
	for (size_t i = 0; text[i]; i++) {
		if (text[i] == open)
			depth++;
		else if (text[i] == close && !(close == '>' && i && text[i - 1] == '-') &&
			 --depth == 0)
			return i + 1;
	}
	return 0;
}

/*
 * Size of a lambda's name at @p text, or 0: "{lambda(int)#2}" and "{lambda()#1}" (GNU demangler),
 * "<lambda(int)>" (DWARF of GCC), "$_3" (clang), "'lambda1'(int)" (LLVM demangler).
 */
static size_t lambda(const char *text)
{
	if (starts(text, "{lambda("))
		return group(text, '{', '}');
	if (starts(text, "<lambda("))
		return group(text, '<', '>');
	if (starts(text, "$_") && is_digit(text[2])) {
		size_t size = 2;
		while (is_digit(text[size]))
			size++;
		return size;
	}
	size_t size = starts(text, "'lambda");
	if (!size)
		return 0;
	while (is_digit(text[size]))
		size++;
	if (text[size] != '\'')
		return 0;
	return text[size + 1] == '(' ? size + 1 + group(text + size + 1, '(', ')') : size + 1;
}

static size_t anonymous(const char *text)
{
	static const char *const spellings[] = {
		"(anonymous namespace)", "{anonymous}",           "<unnamed>",
		GCC_ANONYMOUS,           "`anonymous namespace'", "<anonymous namespace>",
	};
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
		if (starts(text, spellings[i]))
			return strlen(spellings[i]);
	return 0;
}

static void fold_unnamed(char *name)
{
	char *to = name;
	for (const char *from = name; *from;) {
		size_t size = anonymous(from);
		char byte = ANONYMOUS;
		if (!size) {
			size = lambda(from);
			byte = LAMBDA;
		}
		*to++ = size ? byte : *from;
		from += size ? size : 1;
	}
	*to = '\0';
}

struct copy {
	const char *from;
	char *out;
	size_t size;
	bool keep_spaces; /* in an operator's name: the rest is the name */
};

static void emit(struct copy *c, const char *text, size_t size)
{
	for (size_t i = 0; i < size && c->size < FL_NAME_SIZE - 1; i++)
		c->out[c->size++] = text[i];
}

static void drop_trailing_colons(struct copy *c)
{
	while (c->size >= 2 && c->out[c->size - 1] == ':' && c->out[c->size - 2] == ':')
		c->size -= 2;
}

/* "operator" with its symbol, so that its brackets are not taken for arguments. */
static bool copy_operator(struct copy *c)
{
	static const char *const symbols[] = {
		"()", "[]", "<=>", "<<=", ">>=", "->*", "<<", ">>", "<=", ">=", "->", "<", ">",
	};
	size_t size = starts(c->from, "operator");
	if (!size || (c->size && is_word(c->out[c->size - 1])) || is_word(c->from[size]))
		return false;
	emit(c, c->from, size);
	c->from += size;
	c->keep_spaces = true;
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		size = starts(c->from, symbols[i]);
		emit(c, c->from, size);
		c->from += size;
		if (size)
			break;
	}
	return true;
}

/* What may follow a parameter list. */
static void skip_qualifiers(struct copy *c)
{
	static const char *const qualifiers[] = { " const", " volatile", " &&", " &", " noexcept" };
	for (size_t i = 0; i < sizeof(qualifiers) / sizeof(qualifiers[0]);) {
		size_t size = starts(c->from, qualifiers[i]);
		c->from += size;
		i = size ? 0 : i + 1;
	}
}

/*
 * Rust: "<A<int> as B>::f" begins with what it is implemented for; keep the names, drop their
 * arguments.
 * "<A>::f" is the new mangling's spelling of the old one's "A::f".
 */
static void copy_rust_self(struct copy *c, size_t size)
{
	const char *end = c->from + size - 1;
	const char *as = strstr(c->from, " as ");
	bool brackets = as && as < end;
	emit(c, c->from++, brackets);
	while (c->from < end) {
		size_t inner = *c->from == '<' ? group(c->from, '<', '>') : 0;
		if (inner) {
			drop_trailing_colons(c);
			c->from += inner;
		} else {
			emit(c, c->from++, 1);
		}
	}
	emit(c, c->from++, brackets);
}

/* "{closure#2}" and "{{closure}}" -> "{closure}"; "{impl#4}" goes, as "<impl T for U>" does. */
static void copy_braces(struct copy *c, size_t size)
{
	size_t inner = c->from[1] == '{' ? 2 : 1;
	size_t word = 0;
	while (is_word(c->from[inner + word]))
		word++;
	if (word == 4 && starts(c->from + inner, "impl")) {
		drop_trailing_colons(c);
	} else {
		emit(c, "{", 1);
		emit(c, c->from + inner, word);
		emit(c, "}", 1);
	}
	c->from += size;
}

/* One bracketed group at c->from; false when there is none. */
static bool copy_group(struct copy *c)
{
	size_t size = 0;
	switch (*c->from) {
	case '<':
		size = group(c->from, '<', '>');
		if (size && c->size == 0 && starts(c->from + size, "::")) {
			copy_rust_self(c, size);
			return true;
		}
		if (size)
			drop_trailing_colons(c);
		break;
	case '(':
		size = group(c->from, '(', ')');
		break;
	case '[':
		size = starts(c->from, "[abi:") ? group(c->from, '[', ']') : 0;
		break;
	case '{':
		size = group(c->from, '{', '}');
		if (size)
			copy_braces(c, size);
		return size != 0;
	default:
		break;
	}
	bool parameters = size && *c->from == '(';
	c->from += size;
	if (parameters)
		skip_qualifiers(c);
	return size != 0;
}

static void copy_one(struct copy *c)
{
	static const char anonymous_name[] = "(anonymous namespace)";
	static const char lambda_name[] = "{lambda}";
	char byte = *c->from++;
	if (byte == ANONYMOUS)
		emit(c, anonymous_name, sizeof(anonymous_name) - 1);
	else if (byte == LAMBDA)
		emit(c, lambda_name, sizeof(lambda_name) - 1);
	else if (byte == ' ' && !c->keep_spaces)
		c->size = 0; /* that was a return type */
	else
		emit(c, &byte, 1);
}

static void trim_spaces(struct copy *c)
{
	while (c->size && c->out[c->size - 1] == ' ')
		c->size--;
}

/* A pseudo frame such as "<signal handler called>" is no template. */
static bool is_pseudo(const char *name)
{
	return *name == '<' && group(name, '<', '>') == strlen(name);
}

/* Names of C, which are most: nothing of them goes but what --wrap puts in front. */
static bool is_identifier(const char *name)
{
	size_t size = 0;
	while (is_word(name[size]) && !(name[size] & 0x80))
		size++;
	return !name[size] && size < FL_NAME_SIZE && !strstr(name, GCC_ANONYMOUS);
}

void fl_normalise(const char *name, char out[FL_NAME_SIZE])
{
	char work[WORK_SIZE];
	if (is_identifier(name)) {
		strcpy(out, cut_front(name));
		return;
	}
	fl_utf8_clean(name, strlen(name), work, sizeof(work));
	struct copy c = { .out = out };
	if (!is_pseudo(work)) {
		const char *front = cut_front(work);
		memmove(work, front, strlen(front) + 1);
		cut_back(work);
		fold_unnamed(work);
		c.from = work;
		while (*c.from)
			if (!copy_operator(&c) && !copy_group(&c))
				copy_one(&c);
		trim_spaces(&c);
		drop_trailing_colons(&c);
	}
	out[c.size] = '\0';
	if (!c.size) /* nothing but brackets: better an odd name than none */
		fl_utf8_clean(name, strlen(name), out, FL_NAME_SIZE);
}

void fl_normalise_thread(const char *name, char out[FL_NAME_SIZE])
{
	size_t size = fl_utf8_clean(name, strlen(name), out, FL_NAME_SIZE);
	size_t i = starts(out, "0x");
	while (i < size && is_hex(out[i]))
		i++;
	size_t digits = size;
	while (digits && is_digit(out[digits - 1]))
		digits--;
	if (i == size && (starts(out, "0x") || digits == 0))
		size = 0;
	else if (digits < size && digits && strchr("-_ #:/.", out[digits - 1]))
		size = digits - 1;
	while (size && strchr("-_ #:/.", out[size - 1]))
		size--;
	out[size] = '\0';
}

const char *fl_without_underscores(const char *name)
{
	const char *bare = name;
	while (*bare == '_')
		bare++;
	return *bare ? bare : name;
}
