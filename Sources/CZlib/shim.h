#ifndef BLAMEDEPLOY_CZLIB_SHIM_H
#define BLAMEDEPLOY_CZLIB_SHIM_H

#include <zlib.h>

/* inflateInit2 is a macro that passes the header's version; Swift does not see macros with arguments. */
static inline int blamedeploy_inflate_init(z_streamp stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

#endif
