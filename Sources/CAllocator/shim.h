#ifndef BLAMEDEPLOY_CALLOCATOR_SHIM_H
#define BLAMEDEPLOY_CALLOCATOR_SHIM_H

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* Lets glibc keep what is freed: tables of some megabytes come and go by the hundred, and asking the system for each of them
   anew takes a twentieth of an investigation. Other allocators do so by themselves. */
static inline void blamedeploy_keep_freed_memory(void) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

#endif
