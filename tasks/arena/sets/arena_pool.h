#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tasks/samples/sample_task.h"

namespace elm {

/// Samples of a task by number.
using SampleNumbers = std::vector<std::int64_t>;

/// Samples of a task to train on, to validate on and to test with, by their numbers in a pool.
/// Those to train on come once, as they stand.
struct PoolSplits {
    SampleNumbers train = {}, validation = {}, test = {};
};

/// What an output of a task without classes is.
enum class OutputColumn : std::uint8_t {
    number,  // the mean of a normal number, learnt by its squared error
    logit,   // of yes or no, learnt by the cross entropy
};

/// All samples of one task, numbered from 0, from which an arena takes its parts.
class ArenaPool {
public:
    virtual ~ArenaPool() = default;
    ArenaPool() = default;
    ArenaPool(const ArenaPool&) = delete;
    ArenaPool& operator=(const ArenaPool&) = delete;

    virtual const TaskSpec& spec() const = 0;
    virtual std::int64_t count() const noexcept = 0;
    /// Samples from here on are the task's own test set; count() where it has none.
    virtual std::int64_t first_own_test() const noexcept { return count(); }
    /// Sample k is of group k / group_size(): samples that are no evidence apart from each other,
    /// and stand in one part together.
    virtual std::int64_t group_size() const noexcept { return 1; }
    /// Of a task without classes, what its outputs are: output k has loss part k and target k of a
    /// batch, (samples, rows). Empty: nobody can be taught by them.
    virtual std::vector<OutputColumn> columns() const = 0;
    /// Takes the scale of losses from these samples, where losses are relative to something.
    virtual void weigh_by(const SampleNumbers& /*calibration*/) {}

    /// The task on these samples alone.
    virtual std::unique_ptr<Task> task_of(PoolSplits splits) const = 0;
    /// Bytes of what a model is given, by sample; elements have input_bytes() bytes.
    virtual std::vector<std::string> contents(const SampleNumbers& numbers) const = 0;
    virtual std::int64_t input_bytes() const = 0;
    /// Whether what a model is given are tokens or bytes, and not numbers.
    virtual bool is_symbolic() const = 0;
    /// Digits that tell these samples, with their answers, from others.
    virtual std::string fingerprint(const SampleNumbers& numbers) const = 0;
};

/// Samples that are drawn, those of seed 0 of the task, or those of files: all that the files hold,
/// the ones that whoever made the files set aside to test with behind the others. `drawn`: how many
/// samples there are of a task that draws them. Throws Error{invalid} for a task whose samples are
/// not held one by one, as pairs that are made of others.
std::unique_ptr<ArenaPool> sample_pool(const TaskEntry& entry, const OptionSet& chosen,
                                       const std::shared_ptr<const SampleFiles>& files,
                                       std::int64_t drawn);

/// What an answer is to lessons.
enum class AnswerKind : std::uint8_t { one_class, numbers };

/// Throws Error{invalid} unless every answer of the task is one class, or numbers that are known
/// column by column, which is what lessons of answers that won are made for.
AnswerKind answer_kind_of(const ArenaPool& pool);

}  // namespace elm
