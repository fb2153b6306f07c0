#include "CDelimited.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* For each of 64 bytes whether it is the delimiter, a newline, a quote or a carriage return: a bit each, the first lowest. */
typedef struct {
    uint64_t delimiters;
    uint64_t newlines;
    uint64_t quotes;
    uint64_t returns;
} masks;

#if defined(__x86_64__)

__attribute__((target("avx2"))) static inline uint64_t equal_avx2(__m256i low, __m256i high, __m256i byte) {
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, byte));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, byte));
    return (uint64_t)a | (uint64_t)b << 32;
}

__attribute__((target("avx2"))) static inline masks masks_avx2(const uint8_t *text, uint8_t delimiter) {
    __m256i low = _mm256_loadu_si256((const __m256i *)text);
    __m256i high = _mm256_loadu_si256((const __m256i *)(text + 32));
    masks found = {
        equal_avx2(low, high, _mm256_set1_epi8((char)delimiter)), equal_avx2(low, high, _mm256_set1_epi8('\n')),
        equal_avx2(low, high, _mm256_set1_epi8('"')), equal_avx2(low, high, _mm256_set1_epi8('\r'))};
    return found;
}

static inline uint64_t equal_sse2(const __m128i *parts, char byte) {
    uint64_t bits = 0;
    for (int part = 0; part < 4; part++) {
        uint64_t own = (uint16_t)_mm_movemask_epi8(_mm_cmpeq_epi8(parts[part], _mm_set1_epi8(byte)));
        bits |= own << (16 * part);
    }
    return bits;
}

static inline masks masks_plain(const uint8_t *text, uint8_t delimiter) {
    __m128i parts[4];
    for (int part = 0; part < 4; part++) { parts[part] = _mm_loadu_si128((const __m128i *)(text + 16 * part)); }
    masks found = {
        equal_sse2(parts, (char)delimiter), equal_sse2(parts, '\n'), equal_sse2(parts, '"'), equal_sse2(parts, '\r')};
    return found;
}

#elif defined(__aarch64__)

static inline uint64_t equal_neon(const uint8x16_t *parts, uint8_t byte) {
    const uint8x16_t bit = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t wanted = vdupq_n_u8(byte);
    uint8x16_t a = vandq_u8(vceqq_u8(parts[0], wanted), bit), b = vandq_u8(vceqq_u8(parts[1], wanted), bit);
    uint8x16_t c = vandq_u8(vceqq_u8(parts[2], wanted), bit), d = vandq_u8(vceqq_u8(parts[3], wanted), bit);
    uint8x16_t sums = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)), 0);
}

static inline masks masks_plain(const uint8_t *text, uint8_t delimiter) {
    uint8x16_t parts[4];
    for (int part = 0; part < 4; part++) { parts[part] = vld1q_u8(text + 16 * part); }
    masks found = {
        equal_neon(parts, delimiter), equal_neon(parts, '\n'), equal_neon(parts, '"'), equal_neon(parts, '\r')};
    return found;
}

#else

static inline masks masks_plain(const uint8_t *text, uint8_t delimiter) {
    masks found = {0, 0, 0, 0};
    for (int index = 0; index < 64; index++) {
        found.delimiters |= (uint64_t)(text[index] == delimiter) << index;
        found.newlines |= (uint64_t)(text[index] == '\n') << index;
        found.quotes |= (uint64_t)(text[index] == '"') << index;
        found.returns |= (uint64_t)(text[index] == '\r') << index;
    }
    return found;
}

#endif

/* Each bit is the parity of the bits up to it. */
static inline uint64_t parity(uint64_t bits) {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    return bits ^ bits << 32;
}

/*
 * A quote opens a cell where one begins, or is the second of two inside of one; behind one that closes stands the end of
 * the cell, or the second of two. Anything else is left to a reader that looks at byte after byte.
 */
static inline __attribute__((always_inline)) void find(
    masks (*masks_of)(const uint8_t *, uint8_t), const uint8_t *text, size_t length, uint8_t delimiter, size_t target,
    int is_last, bd_delimited_state *state, uint32_t *separators, size_t separator_room, uint32_t *ends, size_t end_room,
    bd_delimited_scan *scan) {
    size_t at = scan->offset, count = scan->separators, records = scan->ends;
    scan->reason = BD_DELIMITED_ALL;
    while (at + 64 <= length || (is_last && at < length)) {
        if (separator_room - count < 64 || end_room - records < 64) {
            scan->reason = BD_DELIMITED_FULL;
            break;
        }
        masks found = masks_of(text + at, delimiter);
        uint64_t valid = length - at < 64 ? ((uint64_t)1 << (length - at)) - 1 : ~(uint64_t)0;
        uint64_t outside = (found.delimiters | found.newlines) & valid, opening = 0, closing = 0;
        if ((found.quotes & valid) | state->inside) {
            uint64_t inside = parity(found.quotes & valid) ^ state->inside;
            opening = found.quotes & valid & inside;
            closing = found.quotes & valid & ~inside;
            outside &= ~inside;
            state->inside = inside >> 63 ? ~(uint64_t)0 : 0;
        }
        uint64_t starts = outside << 1 | state->is_start;
        uint64_t behind_close = (closing << 1 | state->is_closed) & valid;
        uint64_t returned = behind_close & found.returns;
        uint64_t behind_return = (returned << 1 | state->is_returned) & valid;
        if ((opening & ~(starts | behind_close)) | (behind_close & ~(outside | opening | returned))
            | (behind_return & ~(found.newlines & outside))) {
            scan->reason = BD_DELIMITED_IRREGULAR;
            break;
        }
        state->is_start = outside >> 63;
        state->is_closed = closing >> 63;
        state->is_returned = returned >> 63;
        uint64_t newlines = found.newlines & valid, ending = newlines & outside;
        if (target < at + 64) {
            uint64_t late = target > at ? ending & ~(uint64_t)0 << (target - at) : ending;
            if (late) {
                int last = __builtin_ctzll(late);
                uint64_t kept = ~(uint64_t)0 >> (63 - last);
                outside &= kept;
                ending &= kept;
                newlines &= kept;
                scan->reason = BD_DELIMITED_TARGET;
                scan->offset = at + (size_t)last + 1;
            }
        }
        state->newlines += (size_t)__builtin_popcountll(newlines);
        while (ending) {
            uint64_t up_to = ending ^ (ending - 1);
            ends[records++] = (uint32_t)(count + (size_t)__builtin_popcountll(outside & up_to));
            ending &= ending - 1;
        }
        while (outside) {
            separators[count++] = (uint32_t)(at + (size_t)__builtin_ctzll(outside));
            outside &= outside - 1;
        }
        at += 64;
        if (scan->reason == BD_DELIMITED_TARGET) { break; }
    }
    scan->separators = count;
    scan->ends = records;
    if (scan->reason != BD_DELIMITED_TARGET) { scan->offset = at < length ? at : length; }
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,popcnt"))) static void find_avx2(
    const uint8_t *text, size_t length, uint8_t delimiter, size_t target, int is_last, bd_delimited_state *state,
    uint32_t *separators, size_t separator_room, uint32_t *ends, size_t end_room, bd_delimited_scan *scan) {
    find(
        masks_avx2, text, length, delimiter, target, is_last, state, separators, separator_room, ends, end_room, scan);
}
#endif

void bd_delimited_find(
    const uint8_t *text, size_t length, uint8_t delimiter, size_t target, int is_last, bd_delimited_state *state,
    uint32_t *separators, size_t separator_room, uint32_t *ends, size_t end_room, bd_delimited_scan *scan) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt")) {
        find_avx2(
            text, length, delimiter, target, is_last, state, separators, separator_room, ends, end_room, scan);
        return;
    }
#endif
    find(
        masks_plain, text, length, delimiter, target, is_last, state, separators, separator_room, ends, end_room,
        scan);
}
