#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "tasks/neuronio/neuronio_generator.h"

namespace elm {

/// A set of NeuronIO ground truth: simulations [first, first + count) of a recipe.
struct NeuronIoSet {
    NeuronIoRecipe recipe;
    std::string path;  // of one file, or of a folder of files
    std::int64_t first = 0, count = 1;
    std::int64_t per_file = 0;  // simulations of a file in the folder; 0: one file
    bool resume = false;        // go on with what is there
    bool force = false;         // replace what is there
    std::int64_t batch = 0;     // simulations side by side; 0: as many as suits the device
    double free_bytes = std::numeric_limits<double>::max();  // that recordings may take
    /// Said where they would take more.
    std::string remedy = "Make fewer at once or shorter ones, or leave out the dendrites.";
    std::string morphology = "of the cell";  // name of another shape
    /// The configuration that the file of simulations [first, first + count) holds.
    std::function<std::string(std::int64_t first, std::int64_t count)> config = {};
};

/// Throws Error{invalid} for simulations that have no such numbers.
void require_simulations(std::int64_t first, std::int64_t count);

/// Makes what is missing of a set.
class NeuronIoSetMaker {
public:
    /// Takes up what is there, and holds the set: there is one maker at a time. Throws
    /// Error{invalid} for a set that cannot be, and for one that is there and may neither be
    /// replaced nor taken up; Error{memory} for a batch larger than the memory; Error{write}.
    explicit NeuronIoSetMaker(NeuronIoSet set);
    NeuronIoSetMaker(const NeuronIoSetMaker&) = delete;
    NeuronIoSetMaker& operator=(const NeuronIoSetMaker&) = delete;

    std::int64_t missing() const noexcept { return missing_; }  // when it was taken up
    std::int64_t made() const noexcept { return made_; }        // since then, and kept
    const std::string& first_path() const noexcept { return paths_.front(); }

    /// `progress` gets the simulations made, as a fraction too. Where it returns false the work
    /// stops and false is returned. What is made stays, then and after an error.
    bool make(const std::function<bool(double)>& progress);

private:
    NeuronIoSet set_;
    std::int64_t batch_, missing_ = 0, made_ = 0;
    std::unique_ptr<FileLock> folder_;
    std::vector<std::string> paths_;
    std::vector<NeuronIoGenerator> files_;
};

}  // namespace elm
