#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/product/depthwise_convolution_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cuda, run_depthwise_convolution, DepthwiseConvolutionArgs);
ELM_DEFINE_INSTANCES(Cuda, run_depthwise_weight_gradient, DepthwiseWeightGradientArgs);

}  // namespace elm
