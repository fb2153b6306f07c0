#ifndef BLAMEDEPLOY_CSIMDJSON_H
#define BLAMEDEPLOY_CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a leaf of a record is. An array is one leaf: its JSON text. */
enum {
    BD_FIELD_NULL = 0,
    BD_FIELD_BOOL = 1,
    BD_FIELD_NUMBER = 2,
    BD_FIELD_STRING = 3,
    BD_FIELD_ARRAY = 4
};

/*
 * One leaf of a record. `path` joins the keys down to it with dots. `text` is the unescaped string, the digits of a
 * number, or the JSON of an array; `number` is the value of a number, and 1 or 0 of a boolean. Everything is borrowed
 * until the next parse.
 */
typedef struct {
    const char *path;
    size_t path_length;
    const char *text;
    size_t length;
    double number;
    int kind;
} bd_field;

typedef struct bd_parser bd_parser;

/* How many readable bytes must follow every text that is parsed. */
size_t bd_padding(void);

/* NULL when memory is short. */
bd_parser *bd_parser_create(void);
void bd_parser_free(bd_parser *parser);

/*
 * Parses one JSON object. `length` bytes at `text` are the object; bd_padding() more bytes must be readable.
 * Returns the number of leaves, or -1 when it is not one JSON object; then bd_parser_error says why.
 */
long bd_parser_parse(bd_parser *parser, const char *text, size_t length);

/*
 * Parses one JSON array of scalars, whose elements become leaves without a path. As with objects, bd_padding() more bytes must be
 * readable. Returns their number, or -1 when it is no such array.
 */
long bd_parser_parse_array(bd_parser *parser, const char *text, size_t length);

/* The leaves of the last object or array, in the order of the text. */
const bd_field *bd_parser_fields(const bd_parser *parser);

/* Why the last parse failed, in plain words. */
const char *bd_parser_error(const bd_parser *parser);

typedef struct bd_strings bd_strings;

/* NULL when memory is short. */
bd_strings *bd_strings_create(void);
void bd_strings_free(bd_strings *strings);

/*
 * Undoes the escapes of a string with its quotes, `length` bytes at `text`; bd_padding() more bytes must be readable.
 * `plain` must have room for `length` bytes. Returns how many were written, or -1 when an escape is wrong.
 */
long bd_strings_unescape(bd_strings *strings, const char *text, size_t length, char *plain);

/* 1 when a text is valid UTF-8, else 0. */
int bd_is_utf8(const char *text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
