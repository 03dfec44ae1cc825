#include "tasks/sets/set_source.h"

#include <algorithm>

#include "kernels/core/support/check.h"
#include "tasks/data/sets/set_maker.h"
#include "tasks/samples/open_samples.h"

namespace elm {

ShownSet draw_set(const TaskEntry& task, const OptionSet& options, std::uint64_t seed,
                  std::int64_t first, std::int64_t count) {
    require_samples(first, count);
    const SampleKind& kind = *task.samples;
    const SetGenerator generator = make_generator(kind, all_options(kind, options));
    return {.name = task.name,
            .task = &task,
            .options = generator.options,
            .samples = draw_samples(generator, seed, static_cast<std::uint64_t>(first), count)};
}

ShownSet load_set(const std::string& path, std::int64_t first, std::int64_t count) {
    const auto [task, files] = find_samples(path);
    ShownSet set{.name = path, .task = task, .options = files.options};
    set.total = files.is_divided() ? std::ssize(files.splits[0]) : files.count();
    ELM_CHECK(first < set.total, "{} has {} samples: there is no number {}.", path, set.total,
              first);
    const std::int64_t end = std::min(set.total, first + (count > 0 ? count : set.kind().shown));
    std::int64_t begin = 0;  // of the table
    for (const auto& table : files.tables) {
        const std::int64_t from = std::max(first, begin),
                           to = std::min(end, begin + table->count());
        if (set.samples.empty()) set.samples = empty_columns(table->fields());
        if (from < to) {
            add_samples(set.samples, table->read(from - begin, to - from, table->fields()), 0,
                        to - from);
        }
        begin += table->count();
    }
    return set;
}

}  // namespace elm
