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

/* Reads an object from a pack without hashing it once more: what is damaged does not unpack, as its checksum is wrong. Of objects that stand in
   files of their own libgit2 does not look at that checksum. What names other objects must not be read so either: forged, it could name itself.
   The data is freed with git_odb_backend_data_free. */
static inline int blamedeploy_read_packed(
    void **data, size_t *size, git_odb_backend **owner, git_odb *database, const git_oid *id
) {
    git_object_t type;
    for (size_t i = 0; i < git_odb_num_backends(database); i++) {
        /* Only the packs take new ones. */
        if (git_odb_get_backend(owner, database, i) == 0 && (*owner)->writepack && (*owner)->read
            && (*owner)->read(data, size, &type, *owner, id) == 0)
            return 0;
    }
    return GIT_ENOTFOUND;
}

#endif
