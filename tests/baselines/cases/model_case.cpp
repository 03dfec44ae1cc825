#include "tests/baselines/cases/model_case.h"

namespace elm::test {

std::vector<ModelCase> model_cases() {
    std::vector<ModelCase> all = recurrent_cases();
    for (const auto& family : {attention_cases(), state_space_cases()}) {
        all.insert(all.end(), family.begin(), family.end());
    }
    return all;
}

}  // namespace elm::test
