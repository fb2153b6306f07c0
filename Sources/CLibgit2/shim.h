#ifndef BLAMEDEPLOY_CLIBGIT2_SHIM_H
#define BLAMEDEPLOY_CLIBGIT2_SHIM_H

#include <git2.h>
/* The in-memory object database is not part of the umbrella header. */
#include <git2/sys/odb_backend.h>
#include <git2/sys/mempack.h>
#include <git2/sys/repository.h>

/* git_libgit2_opts takes arguments of any number and type; Swift does not see such functions. */
static inline int blamedeploy_cache_objects(git_object_t type, size_t most_bytes) {
    return git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, type, most_bytes);
}

static inline int blamedeploy_cache_size(ssize_t most_bytes) {
    return git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, most_bytes);
}

static inline int blamedeploy_hash_what_is_read(int is_hashed) {
    return git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, is_hashed);
}

#endif
