#ifndef BLAMEDEPLOY_CZSTD_SHIM_H
#define BLAMEDEPLOY_CZSTD_SHIM_H

#include <zstd.h>
#include <zstd_errors.h>

#endif
