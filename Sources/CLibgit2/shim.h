#ifndef BLAMEDEPLOY_CLIBGIT2_SHIM_H
#define BLAMEDEPLOY_CLIBGIT2_SHIM_H

#include <git2.h>
/* The in-memory object database is not part of the umbrella header. */
#include <git2/sys/odb_backend.h>
#include <git2/sys/mempack.h>
#include <git2/sys/repository.h>

#endif
