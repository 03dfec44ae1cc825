#include "tasks/data/sets/sample_table.h"

#include <algorithm>
#include <utility>

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"

namespace elm {

MemoryTable::MemoryTable(SetColumns samples, std::string path, std::string fingerprint)
    : samples_(std::move(samples)), path_(std::move(path)), fingerprint_(std::move(fingerprint)) {
    for (const SetColumn& column : samples_) fields_.push_back(column.field);
}

SetColumns MemoryTable::read(std::int64_t first, std::int64_t count,
                             const std::vector<SetField>& fields) const {
    require_range(*this, first, count);
    SetColumns columns = empty_columns(fields);
    add_samples(columns, samples_, first, count);
    return columns;
}

std::vector<std::int32_t> MemoryTable::lengths(const std::string& field) const {
    const std::vector<std::int64_t>& offsets = column_of(samples_, field).offsets;
    std::vector<std::int32_t> lengths;
    for (std::size_t k = 1; k < offsets.size(); ++k) {
        lengths.push_back(static_cast<std::int32_t>(offsets[k] - offsets[k - 1]));
    }
    return lengths;
}

SetColumns draw_samples(const SetGenerator& generator, std::uint64_t seed, std::uint64_t first,
                        std::int64_t count) {
    const std::int64_t pieces = std::min<std::int64_t>(count, 16 * thread_count());
    std::vector<SetColumns> drawn(static_cast<std::size_t>(pieces),
                                  empty_columns(generator.fields));
    Cpu::for_each_task(pieces, [&](std::int64_t piece) {
        for (std::int64_t k = piece * count / pieces; k < (piece + 1) * count / pieces; ++k) {
            generator.draw(seed, first + static_cast<std::uint64_t>(k),
                           drawn[static_cast<std::size_t>(piece)]);
        }
    });
    SetColumns all = empty_columns(generator.fields);
    for (const SetColumns& piece : drawn) add_samples(all, piece, 0, piece.front().samples());
    return all;
}

void require_range(const SampleTable& table, std::int64_t first, std::int64_t count) {
    ELM_CHECK(first >= 0 && count >= 0 && count <= table.count() - first,
              "{}: samples {} to {} are asked for, and it holds {}.", table.path(), first,
              first + count - 1, table.count());
}

}  // namespace elm
