#include "kernels/ops/elm/cpu/layer_blocks.h"

namespace elm::lanes {

ELM_LAYER_BLOCKS(, double, Activation::relu)

}  // namespace elm::lanes
