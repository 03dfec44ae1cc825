#include "tasks/data/spikes/text_spikes.h"

#include <filesystem>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/core/support/log.h"

namespace elm {
namespace {

constexpr std::size_t block_spikes = 8192;
constexpr std::size_t most_populations = 10000;  // more are no names of populations

/// Lines of a table that hold spikes, cut into fields.
class TableRows {
public:
    TableRows(const TextFile& file, const SpikeColumns& table)
        : path_(file.path), table_(table), lines_(file) {}

    bool next() {
        do {
            if (!lines_.next()) return false;
        } while (lines_.number() < table_.first_line);
        split_fields(lines_.text(), table_.separator, fields_);
        if (fields_.size() == table_.n_columns) return true;
        throw Error(ErrorKind::data,
                    fmt::format("{}:{}: {} fields, expected {} {}.", path_, lines_.number(),
                                fields_.size(), table_.n_columns, between()));
    }
    const TextField& field(std::size_t column) const { return fields_[column]; }
    std::int64_t line() const { return lines_.number(); }

    double number(std::size_t column) const {
        const TextField& field = fields_[column];
        if (const auto value = read_number(field.text)) return *value;
        const bool has_comma = field.text.find(',') != std::string_view::npos;
        throw Error(ErrorKind::data, fmt::format("{}:{}:{}: '{}' is no number.{}", path_,
                                                 lines_.number(), field.column, field.text,
                                                 has_comma ? " Write decimals with a point." : ""));
    }

private:
    const char* between() const {
        switch (table_.separator) {
            case ',':
                return "separated by commas";
            case ';':
                return "separated by semicolons";
            case '\t':
                return "separated by tabs";
            default:
                return "separated by blanks";
        }
    }

    std::string path_;
    SpikeColumns table_;
    TableLines lines_;
    std::vector<TextField> fields_;
};

class TextListing : public SpikeListing {
public:
    TextListing(TextFile file, const SpikeColumns& table, std::string population)
        : file_(std::move(file)), table_(table), population_(std::move(population)) {
        rewind();
    }

    void rewind() override { rows_ = std::make_unique<TableRows>(file_, table_); }

    const SpikeBlock& next() override {
        block_.clear();
        places_.clear();
        while (block_.size() < block_spikes && rows_->next()) {
            if (table_.population && rows_->field(*table_.population).text != population_) continue;
            block_.times_ms.push_back(rows_->number(table_.time) * table_.ms_per_unit);
            block_.units.push_back(rows_->number(table_.unit));
            places_.push_back({rows_->line(), rows_->field(table_.time).column,
                               rows_->field(table_.unit).column});
        }
        return block_;
    }

    std::string place_of_time(std::size_t at) const override {
        return fmt::format("{}:{}:{}: the time", file_.path, places_[at].line, places_[at].time);
    }
    std::string place_of_unit(std::size_t at) const override {
        return fmt::format("{}:{}:{}: the unit", file_.path, places_[at].line, places_[at].unit);
    }

private:
    struct Place {
        std::int64_t line, time, unit;  // columns of the two fields
    };

    TextFile file_;
    SpikeColumns table_;
    std::string population_;
    std::unique_ptr<TableRows> rows_;
    SpikeBlock block_;
    std::vector<Place> places_;
};

std::set<std::string> find_populations(const TextFile& file, const SpikeColumns& table) {
    std::set<std::string> names;
    for (TableRows rows(file, table); rows.next();) {
        names.emplace(rows.field(*table.population).text);
        if (names.size() > most_populations) {
            throw Error(ErrorKind::data, fmt::format("{}:{}: more than {} populations.", file.path,
                                                     rows.line(), most_populations));
        }
    }
    return names;
}

}  // namespace

std::vector<SpikeSample> find_text_spikes(const TextFile& file) {
    const SpikeColumns table = find_spike_columns(file);
    if (!table.has_names) {
        log::info("{}: no line names the columns, which are read as {}", file.path,
                  table.time == 0 ? "time in ms and unit" : "unit and time in ms");
    }
    std::set<std::string> populations;
    if (table.population) populations = find_populations(file, table);
    // A table of names without spikes is a silent sample.
    if (populations.empty()) populations = {std::filesystem::path(file.path).stem().string()};
    std::vector<SpikeSample> samples;
    for (const std::string& name : populations) {
        samples.push_back({.name = name,
                           .spikes = std::make_unique<TextListing>(file, table, name),
                           .time_unit = table.time_unit});
    }
    return samples;
}

}  // namespace elm
