#ifndef BLAMEDEPLOY_CLIBYAML_SHIM_H
#define BLAMEDEPLOY_CLIBYAML_SHIM_H

#include <yaml.h>

#endif
