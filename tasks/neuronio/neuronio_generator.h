#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/io/file_lock.h"
#include "neuron/cable/solver/cable_run.h"
#include "tasks/neuronio/neuronio_writer.h"

namespace elm {

using CableSimulator = std::function<std::vector<cable::TrialRecording>(
    const cable::Cell&, const std::vector<cable::Trial>&, const cable::RunOptions&)>;

/// Recipe that all simulations of a data set have in common: with it and a number, all bits of one
/// follow.
struct NeuronIoRecipe {
    cable::Cell cell;
    cable::RunOptions run;  // time step, scheme, precision; probes and duration are filled in
    std::int64_t duration_ms = 6000;
    std::uint64_t seed = 0;
    bool dendrites = false;  // keep the voltage of every site
};

/// Throws Error{invalid} with the steps that may be taken unless 1/8 ms is a whole number of them.
void require_dividing_step(double dt_ms);

/// Simulates these simulations side by side. `progress` gets shares from 0 to 1; where it returns
/// false the work stops and nothing is returned.
std::vector<NeuronIoRecording> simulate_neuronio(const NeuronIoRecipe& recipe,
                                                 const std::vector<std::int64_t>& indices,
                                                 const CableSimulator& simulate,
                                                 const std::function<bool(double)>& progress);

/// Makes one file of simulations [first, first + count), a batch at a time. Finished batches stand
/// in the folder PATH.partial until the file is whole, so that little is lost when the program is
/// killed. Whoever makes a file holds a lock in that folder: there is one at a time.
class NeuronIoGenerator {
public:
    /// `facts`: attributes of the file; those that decide the bits (all but "version") must be
    /// equal to go on with what is there. With `resume`, takes up PATH.partial. Throws
    /// Error{invalid} if PATH or its folder is there and may neither be replaced nor taken up, if
    /// another process is making it, or if it is of another recipe, with the list of differences.
    NeuronIoGenerator(std::string path, const NeuronIoRecipe& recipe, Values facts,
                      std::int64_t first, std::int64_t count, bool resume, bool force);
    /// Finished batches stay for another run; an empty folder does not.
    ~NeuronIoGenerator();
    NeuronIoGenerator(NeuronIoGenerator&&) = default;
    NeuronIoGenerator& operator=(NeuronIoGenerator&&) = delete;

    /// Simulations that are still to be made, in order.
    const std::vector<std::int64_t>& missing() const noexcept { return missing_; }
    std::int64_t first() const noexcept { return first_; }
    std::int64_t count() const noexcept { return count_; }

    /// Keeps a finished batch.
    void keep(const std::vector<NeuronIoRecording>& batch);
    /// Puts the file in place once nothing is missing, with the configuration it was made by.
    void finish(const std::string& config);

private:
    void require_same(const Values& found, const std::string& where) const;
    void take_up_file();
    void take_up_folder();
    void lock_folder();
    void empty_folder() const;
    void release_folder();
    Hdf5File create(const std::string& path) const;

    std::string path_, folder_;
    const NeuronIoRecipe& recipe_;
    Values facts_;
    std::int64_t first_, count_;
    bool force_, done_ = false;
    std::vector<std::int64_t> missing_;
    std::unique_ptr<FileLock> lock_;
};

}  // namespace elm
