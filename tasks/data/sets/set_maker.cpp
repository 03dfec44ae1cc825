#include "tasks/data/sets/set_maker.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include "kernels/core/build_info.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/output_file.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t blocks_per_thread = 8;   // between two writes: threads wait for the slowest
constexpr std::int64_t rows_at_once = 1 << 14;  // of small fields: one chunk
constexpr int small_level = 4;                  // of deflate

FileType file_type(SetType type) {
    return type == SetType::u8    ? FileType::u8
           : type == SetType::i16 ? FileType::i16
                                  : FileType::f32;
}

void put(std::string& text, std::int64_t number) {
    text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

/// Takes a block of the journal apart.
class BlockReader {
public:
    explicit BlockReader(std::string_view bytes) : bytes_(bytes) {}
    std::int64_t number() {
        std::int64_t value = 0;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }
    std::string_view text() { return take(static_cast<std::size_t>(number())); }

private:
    std::string_view take(std::size_t size) {
        ELM_ASSERT(size <= bytes_.size());  // its checksum was right
        const std::string_view part = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return part;
    }
    std::string_view bytes_;
};

/// For each field: its bytes, compressed if it is large; before them the lengths of a ragged one.
std::string pack_block(const SetColumns& columns, std::int64_t block_size) {
    std::string block;
    for (const SetColumn& column : columns) {
        std::string bytes = file_bytes(column);
        if (column.field.is_large()) {
            const std::int64_t size = column.field.element_bytes();
            bytes.resize(static_cast<std::size_t>(block_size * column.field.row_size() * size));
            bytes = pack_chunk(bytes, size);
        }
        if (column.field.ragged) {
            for (std::size_t k = 1; k < column.offsets.size(); ++k) {
                put(block, column.offsets[k] - column.offsets[k - 1]);
            }
        }
        put(block, std::ssize(bytes));
        block += bytes;
    }
    return block;
}

/// A field that the file's own filters compress: rows wait until a chunk is full.
class GrowingField {
public:
    GrowingField(Hdf5File& file, const SetField& field) : file_(&file), rows_(field) {
        file.make_growing(field.name, field.row, file_type(field.type), rows_at_once, small_level);
        if (!field.ragged) return;
        file.make_growing(field.name + "_offset", {}, FileType::i64, rows_at_once, small_level);
        offsets_ = {0};
    }
    void add(std::string_view bytes, std::span<const std::int64_t> lengths) {
        add_file_bytes(rows_, bytes, {});
        for (const std::int64_t length : lengths) offsets_.push_back(end_ += length);
        write(rows_at_once);
    }
    /// Whole chunks of so many rows; with 1 all that is there.
    void write(std::int64_t unit) {
        const std::int64_t row = rows_.field.row_size();
        std::visit(
            [&]<class T>(std::vector<T>& values) {
                write_whole<T>(rows_.field.name, values, unit * row);
            },
            rows_.values);
        if (rows_.field.ragged) {
            write_whole<std::int64_t>(rows_.field.name + "_offset", offsets_, unit);
        }
    }

private:
    template <class T>
    void write_whole(const std::string& name, std::vector<T>& values, std::int64_t unit) {
        const std::int64_t size = std::ssize(values) / unit * unit;
        file_->append<T>(name, std::span<const T>(values).first(static_cast<std::size_t>(size)));
        values.erase(values.begin(), values.begin() + size);
    }

    Hdf5File* file_;
    SetColumn rows_;
    std::vector<std::int64_t> offsets_;
    std::int64_t end_ = 0;
};

}  // namespace

void require_samples(std::int64_t first, std::int64_t count) {
    constexpr std::int64_t most = std::int64_t{1} << 40;
    ELM_CHECK(first >= 0 && first <= most && count >= 1 && count <= most,
              "{} samples from number {} on: expected at least 1 of numbers 0 to 2^40.", count,
              first);
}

bool draw_blocks(const SetPlan& plan, std::int64_t begin, std::int64_t end,
                 const std::function<std::string(const SetColumns&)>& pack,
                 const std::function<bool(std::int64_t samples, std::string&&)>& take) {
    const std::int64_t block_size = set_block_size(plan.generator.fields, plan.count);
    const auto samples_of = [&](std::int64_t block) {
        return std::min(block_size, plan.count - block * block_size);
    };
    while (begin < end) {
        const std::int64_t size = std::min(end - begin, blocks_per_thread * thread_count());
        std::vector<std::string> packed(static_cast<std::size_t>(size));
        Cpu::for_each_task(size, [&](std::int64_t at) {
            SetColumns columns = empty_columns(plan.generator.fields);
            const std::int64_t first = plan.first + (begin + at) * block_size;
            for (std::int64_t k = first; k < first + samples_of(begin + at); ++k) {
                plan.generator.draw(plan.seed, static_cast<std::uint64_t>(k), columns);
            }
            packed[static_cast<std::size_t>(at)] = pack(columns);
        });
        for (std::int64_t at = 0; at < size; ++at, ++begin) {
            if (!take(samples_of(begin), std::move(packed[static_cast<std::size_t>(at)]))) {
                return false;
            }
        }
    }
    return true;
}

SetMaker::SetMaker(SetPlan plan) : plan_(std::move(plan)), block_size_(0), missing_(plan_.count) {
    require_samples(plan_.first, plan_.count);
    block_size_ = set_block_size(plan_.generator.fields, plan_.count);
    std::error_code status;
    if (plan_.resume && fs::is_regular_file(plan_.path, status)) {
        take_up_file();
        return;
    }
    // Tests the name and the folder before anything is drawn.
    { const OutputFile probe(plan_.path, plan_.force); }
    Values recipe = origin().facts();
    recipe["version"] = std::string(build_info::version);
    recipe["format_version"] = set_format_version;
    journal_ = std::make_unique<SetJournal>(file_behind_links(plan_.path) + ".part",
                                            std::move(recipe), plan_.resume, plan_.force);
    missing_ = std::max<std::int64_t>(0, plan_.count - journal_->blocks() * block_size_);
}

SetMaker::~SetMaker() = default;

SetOrigin SetMaker::origin() const {
    return {plan_.generator.task, plan_.generator.options, plan_.seed, plan_.first, plan_.count};
}

void SetMaker::take_up_file() {
    const GeneratedSet set = GeneratedSet::open(plan_.path);
    require_same_recipe(set.origin().facts(), origin().facts(), plan_.path);
    missing_ = 0;
    // Left by a run that was killed after it put the file in place.
    std::error_code ignored;
    fs::remove(file_behind_links(plan_.path) + ".part", ignored);
}

bool SetMaker::make(const std::function<bool(std::int64_t)>& progress) {
    if (!journal_) return true;
    const std::int64_t blocks = (plan_.count + block_size_ - 1) / block_size_;
    const bool whole = draw_blocks(
        plan_, std::min(journal_->blocks(), blocks), blocks,
        [&](const SetColumns& columns) { return pack_block(columns, block_size_); },
        [&](std::int64_t samples, std::string&& block) {
            journal_->append(block);
            made_ += samples;
            return progress(made_);
        });
    if (whole) finish();
    return whole;
}

void SetMaker::finish() {
    OutputFile output(plan_.path, plan_.force);
    Hdf5File file = Hdf5File::create(output.temporary_path());
    write_file(file);
    file.close();
    output.commit();
    journal_->remove();
    journal_.reset();
}

void SetMaker::write_file(Hdf5File& file) const {
    file.set_attribute("/", "format", std::string(set_format));
    file.set_attribute("/", "format_version", set_format_version);
    file.set_attribute("/", "version", std::string(build_info::version));
    for (const auto& [name, value] : origin().facts()) file.set_attribute("/", name, value);
    std::string names;
    const std::vector<SetField>& fields = plan_.generator.fields;
    std::vector<std::unique_ptr<GrowingField>> growing;
    for (const SetField& field : fields) {
        names += (names.empty() ? "" : " ") + field.name;
        growing.emplace_back();
        if (!field.is_large()) {
            growing.back() = std::make_unique<GrowingField>(file, field);
            continue;
        }
        std::vector<std::int64_t> shape = field.row;
        shape.insert(shape.begin(), plan_.count);
        file.make_chunked(field.name, shape, file_type(field.type), block_size_);
    }
    file.set_attribute("/", "fields", names);
    file.write_string("/config", plan_.config);
    std::vector<std::int64_t> lengths;
    journal_->for_each([&](std::int64_t index, std::string_view bytes) {
        BlockReader block(bytes);
        for (std::size_t k = 0; k < fields.size(); ++k) {
            lengths.clear();
            if (fields[k].ragged) {
                lengths.resize(static_cast<std::size_t>(
                    std::min(block_size_, plan_.count - index * block_size_)));
                for (std::int64_t& length : lengths) length = block.number();
            }
            if (growing[k]) {
                growing[k]->add(block.text(), lengths);
            } else {
                file.write_chunk(fields[k].name, index * block_size_, block.text());
            }
        }
    });
    for (auto& field : growing) {
        if (field) field->write(1);
    }
}

}  // namespace elm
