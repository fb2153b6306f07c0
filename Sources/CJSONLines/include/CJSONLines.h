#ifndef BLAMEDEPLOY_CJSONLINES_H
#define BLAMEDEPLOY_CJSONLINES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a value is, by how it begins. */
enum {
    BD_JSON_NULL = 1,
    BD_JSON_BOOL = 2,
    BD_JSON_NUMBER = 3,
    BD_JSON_STRING = 4,
    BD_JSON_ARRAY = 5
};

/*
 * The keys met so far, each below one object and with one spelling: the text from its quote to the colon. Key 0 stands for
 * the record itself.
 */
typedef struct bd_json_keys bd_json_keys;

/* NULL when memory is short. */
bd_json_keys *bd_json_keys_create(void);
void bd_json_keys_free(bd_json_keys *keys);

/* The key of the object that a key is in. */
uint32_t bd_json_key_parent(const bd_json_keys *keys, uint32_t key);

/* What stands between its quotes; borrowed. */
const char *bd_json_key_name(const bd_json_keys *keys, uint32_t key, size_t *length);

/* Says where values of a key go, -1 when nobody wants them. */
void bd_json_key_settle(bd_json_keys *keys, uint32_t key, int32_t place);

/* A wanted value. */
typedef struct {
    /* A string without its quotes, the letters of a number, `true`, `false` or `null`, or all of an array. */
    const char *text;
    uint32_t length;
    int16_t place;
    uint8_t kind;
    /* Whether escapes stand in a string. */
    uint8_t is_escaped;
} bd_json_value;

/* What a line turned out to be. */
enum {
    /* An object and nothing else. */
    BD_JSON_OBJECT = 0,
    /* An object with a value of a key whose place is not settled. */
    BD_JSON_UNSETTLED = 1,
    /* Something that is no plain object, that is nested deep, for which there is no room, or that has no end. */
    BD_JSON_OTHER = 2
};

typedef struct {
    int reason;
    /* The newline that ends the line; NULL when it was not looked for or not found. */
    const char *line_end;
    /* Where the object begins, and behind it. */
    const char *start;
    const char *end;
    /* How many values were noted. */
    uint32_t count;
    /* The key that is to be settled. */
    uint32_t key;
    /* Whether there are bytes beyond ASCII, of which nobody knows whether they are text. */
    int has_high;
} bd_json_scan;

/*
 * Reads one line or two, noting the wanted values in the order of the text.
 *
 * Neighbouring records mostly have the same keys in the same order: each key remembers which ones came next, and is looked
 * up only when it is another. Of a value that nobody wants, as of any other, it is seen that it ends where it must, that no
 * control character stands in a string, and that a number has the letters of one.
 *
 * 64 bytes behind `end` must be readable. `values` has room for twice as many as `room`: the second line's come behind.
 *
 * Returns how many lines were read; two only when both are objects.
 */
int bd_json_read(
    bd_json_keys *keys, const char *text, const char *end, bd_json_value *values, uint32_t room, bd_json_scan *scans);

#ifdef __cplusplus
}
#endif

#endif
