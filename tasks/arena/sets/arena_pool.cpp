#include "tasks/arena/sets/arena_pool.h"

#include <array>
#include <utility>

#include "kernels/core/support/check.h"
#include "kernels/io/fingerprint.h"

namespace elm {
namespace {

/// Some samples of another source, in splits of their own.
class PartSource final : public SampleSource {
public:
    PartSource(std::shared_ptr<const SampleSource> all, PoolSplits splits)
        : all_(std::move(all)),
          splits_{std::move(splits.train), std::move(splits.validation), std::move(splits.test)} {}

    const std::vector<SetField>& fields() const override { return all_->fields(); }
    std::int64_t count(Split split) const override { return std::ssize(numbers(split)); }
    void read(Split split, std::uint64_t /*seed*/, std::span<const std::int64_t> samples,
              SetColumns& columns) const override {
        all_->read(Split::train, 0, of_pool(split, samples), columns);
    }
    std::optional<std::int64_t> longest(Split split,
                                        std::span<const std::int64_t> samples) const override {
        return all_->longest(Split::train, of_pool(split, samples));
    }
    int threads() const override { return all_->threads(); }
    Values facts() const override { return all_->facts(); }
    std::string name() const override { return all_->name(); }

private:
    const SampleNumbers& numbers(Split split) const {
        return splits_[static_cast<std::size_t>(split)];
    }
    SampleNumbers of_pool(Split split, std::span<const std::int64_t> samples) const {
        SampleNumbers found;
        for (const std::int64_t sample : samples) {
            found.push_back(numbers(split)[static_cast<std::size_t>(sample)]);
        }
        return found;
    }

    std::shared_ptr<const SampleSource> all_;
    std::array<SampleNumbers, 3> splits_;
};

/// All samples of the files as one split, the test samples last.
SampleFiles joined(const SampleFiles& files) {
    SampleFiles all = files;
    for (const std::size_t split : {std::size_t{1}, std::size_t{2}}) {
        all.splits[0].insert(all.splits[0].end(), files.splits[split].begin(),
                             files.splits[split].end());
        all.splits[split].clear();
    }
    return all;
}

/// Of a task whose samples are held one by one.
class SamplePool final : public ArenaPool {
public:
    SamplePool(const TaskEntry& entry, const OptionSet& chosen,
               const std::shared_ptr<const SampleFiles>& files, std::int64_t drawn)
        : name_(entry.name) {
        ELM_CHECK(entry.samples.has_value(),
                  "the task {} does not hold its samples one by one, so they cannot be divided "
                  "into parts.",
                  entry.name);
        kind_ = *entry.samples;
        ELM_CHECK(kind_.combine == nullptr,
                  "samples of the task {} are made of others anew in every epoch, so they cannot "
                  "be divided into parts.",
                  entry.name);
        const OptionSet options = all_options(kind_, chosen);
        if (files != nullptr) {
            source_ =
                std::make_shared<StoredSource>(joined(*files), kind_.learnt, kind_.are_events);
            count_ = source_->count(Split::train);
            first_own_test_ = count_ - std::ssize(files->splits[2]);
        } else {
            ELM_CHECK(kind_.generator != nullptr, "the task {} learns from files: give {}.",
                      entry.name, kind_.published);
            ELM_CHECK(drawn > 0, "a pool of {} samples is empty.", drawn);
            source_ = std::make_shared<GeneratedSource>(
                make_generator(kind_, options),
                GeneratedSizes{.held_out = 1, .train_samples = drawn});
            count_ = first_own_test_ = drawn;
        }
        form_ = kind_.form(options, *source_);
        whole_ = make_task({.train = {0}, .validation = {0}, .test = {0}});
    }

    const TaskSpec& spec() const override { return whole_->spec(); }
    std::int64_t count() const noexcept override { return count_; }
    std::int64_t first_own_test() const noexcept override { return first_own_test_; }
    std::vector<OutputColumn> columns() const override {
        // One real number. Several share one target and one part of the loss.
        const bool is_number = form_.n_classes == 0 && spec().shape.n_output == 1;
        return is_number ? std::vector{OutputColumn::number} : std::vector<OutputColumn>{};
    }
    std::unique_ptr<Task> task_of(PoolSplits splits) const override {
        return make_task(std::move(splits));
    }

    std::vector<std::string> contents(const SampleNumbers& numbers) const override {
        std::vector<std::string> bytes;
        for (const std::int64_t number : numbers) {
            SetColumns columns = empty_columns(source_->fields());
            source_->read(Split::train, 0, std::span(&number, 1), columns);
            bytes.push_back(file_bytes(column_of(columns, kind_.learnt[0])));
        }
        return bytes;
    }
    std::int64_t input_bytes() const override {
        for (const SetField& field : source_->fields()) {
            if (field.name == kind_.learnt[0]) return field.element_bytes();
        }
        return 1;
    }
    bool is_symbolic() const override {
        if (form_.input.name != one_hot(1).name) return false;
        for (const SetField& field : source_->fields()) {
            if (field.name == kind_.learnt[0]) return field.type != SetType::f32;
        }
        return false;
    }
    std::string fingerprint(const SampleNumbers& numbers) const override {
        Fingerprint digits;
        digits.add(std::ssize(numbers));
        for (const std::int64_t number : numbers) {
            SetColumns columns = empty_columns(source_->fields());
            source_->read(Split::train, 0, std::span(&number, 1), columns);
            for (const SetColumn& column : columns) digits.add(file_bytes(column));
        }
        return digits.text();
    }

private:
    std::unique_ptr<Task> make_task(PoolSplits splits) const {
        return std::make_unique<SampleTask>(
            name_, kind_, form_, std::make_unique<PartSource>(source_, std::move(splits)));
    }

    std::string name_;
    SampleKind kind_;
    std::shared_ptr<const SampleSource> source_;
    SampleForm form_;
    std::int64_t count_ = 0, first_own_test_ = 0;
    std::unique_ptr<const Task> whole_;
};

}  // namespace

std::unique_ptr<ArenaPool> sample_pool(const TaskEntry& entry, const OptionSet& chosen,
                                       const std::shared_ptr<const SampleFiles>& files,
                                       std::int64_t drawn) {
    return std::make_unique<SamplePool>(entry, chosen, files, drawn);
}

AnswerKind answer_kind_of(const ArenaPool& pool) {
    const TaskSpec& task = pool.spec();
    if (task.has_labels) {
        ELM_CHECK(task.pooling != Pooling::all,
                  "the task {} asks for a class at each step, and lessons of answers that won are "
                  "of one class a sample, or of numbers.",
                  task.name);
        return AnswerKind::one_class;
    }
    ELM_CHECK(!pool.columns().empty(),
              "the task {} asks for several numbers with one error, and lessons of answers that "
              "won are of numbers with an error each, or of one class a sample.",
              task.name);
    return AnswerKind::numbers;
}

}  // namespace elm
