#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace elm {

/// Multi-query associative recall: all keys are asked for again, soon or late.
///
///   context  k_1 v_1 .. k_D v_D: distinct keys of 1 .. vocabulary / 2 - 1, distinct values of
///            vocabulary / 2 .. vocabulary - 1
///   queries  D distinct slots of the (length - 2 D) / 2 that follow, without replacement, slot
///            i = 1, 2 .. with weight i^(a - 1); the key drawn first takes the slot drawn first.
///            Slot i stands at step 2 D + 2 (i - 1), and the target there is the value of its key
///   else     token 0, or any id, where nothing is asked for
///
/// Source: Arora et al. 2024, "Zoology", arXiv 2312.04927, and its public repository.
struct MqarOptions {
    int vocabulary = 8192;
    int length = 64;      // even
    int pairs = 4;        // D
    double power = 0.01;  // a
    bool random_filler = false;
};

class MqarGenerator {
public:
    /// Throws Error{invalid} unless 4 pairs <= length < vocabulary, the length is even, there is a
    /// key for each pair and the power is above 0.
    explicit MqarGenerator(const MqarOptions& options);

    /// Writes sample `index` of `seed`: tokens and targets (length), ignored_target where nothing
    /// is asked for. Throws Error{invalid} for spans that do not fit.
    void fill(std::uint64_t seed, std::uint64_t index, std::span<std::int32_t> tokens,
              std::span<std::int32_t> targets) const;

    const MqarOptions& options() const { return options_; }

private:
    MqarOptions options_;
    std::vector<double> running_;  // sums of the weights of slots, of total 1
};

}  // namespace elm
