#pragma once

#include <functional>
#include <string>

#include "tasks/samples/sample_task.h"

/// What tasks on grey images of 32 px and ten classes share: fields image (32, 32) and label. They
/// are read row by row; as dense values they are scaled by mean and standard deviation of grey
/// CIFAR-10, 122.6 and 61.0, as Gu, Goel & Re 2022, arXiv 2111.00396, do (public repository).
namespace elm {

void declare_image_form(OptionSet& options);
SampleForm image_form(const OptionSet& options, const SampleSource& source);

/// Classes are as frequent as each other. `mean_grey`: what the images should have.
SetStatistics image_statistics(const SetColumns& samples,
                               const std::function<std::string(int label)>& name,
                               ReferenceValue mean_grey);

}  // namespace elm
