#include "kernels/ops/elm/cpu/layer/layer_blocks.h"

namespace elm::lanes {

ELM_LAYER_BLOCKS(, float, Activation::relu2)

}  // namespace elm::lanes
