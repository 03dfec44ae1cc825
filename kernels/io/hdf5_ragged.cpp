// Lists of lists and of texts.

#include <algorithm>

#include <fmt/format.h>

#include "kernels/io/hdf5_parts.h"

namespace elm {

using namespace hdf5;

namespace {

/// Memory that the library made for the rows of a read.
class ReadRows {
public:
    ReadRows(hid_t type, hid_t space, std::size_t count)
        : type_(type), space_(space), rows_(count, hvl_t{0, nullptr}) {}
    ReadRows(const ReadRows&) = delete;
    ReadRows& operator=(const ReadRows&) = delete;
    ~ReadRows() { H5Dvlen_reclaim(type_, space_, H5P_DEFAULT, rows_.data()); }

    std::vector<hvl_t>& rows() noexcept { return rows_; }

private:
    hid_t type_, space_;
    std::vector<hvl_t> rows_;
};

/// Memory that the library made for texts.
class ReadTexts {
public:
    ReadTexts(hid_t type, hid_t space, std::size_t count)
        : type_(type), space_(space), texts_(count, nullptr) {}
    ReadTexts(const ReadTexts&) = delete;
    ReadTexts& operator=(const ReadTexts&) = delete;
    ~ReadTexts() { H5Dvlen_reclaim(type_, space_, H5P_DEFAULT, static_cast<void*>(texts_.data())); }

    std::vector<char*>& texts() noexcept { return texts_; }

private:
    hid_t type_, space_;
    std::vector<char*> texts_;
};

Handle rows_of(hid_t set, std::int64_t first, std::int64_t count) {
    Handle space(H5Dget_space(set), H5Sclose);
    const auto start = static_cast<hsize_t>(first), size = static_cast<hsize_t>(count);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, nullptr, &size, nullptr);
    return space;
}

Handle list_space(std::int64_t count) {
    const auto size = static_cast<hsize_t>(count);
    return {H5Screate_simple(1, &size, nullptr), H5Sclose};
}

}  // namespace

template <class T>
RaggedRows<T> Hdf5File::read_ragged(const std::string& dataset, std::int64_t first,
                                    std::int64_t count) const {
    const auto lock = library_lock();
    const Handle set = file_->dataset(dataset);
    const Handle type(H5Dget_type(set), H5Tclose);
    const Handle element(H5Tget_class(type) == H5T_VLEN ? H5Tget_super(type) : H5I_INVALID_HID,
                         H5Tclose);
    const H5T_class_t kind = element < 0 ? H5T_NO_CLASS : H5Tget_class(element);
    if (kind != H5T_INTEGER && (kind != H5T_FLOAT || !std::is_floating_point_v<T>)) {
        file_->fail(ErrorKind::data, dataset,
                    fmt::format("must hold lists of {}.",
                                std::is_floating_point_v<T> ? "numbers" : "whole numbers"));
    }
    const std::vector<std::int64_t> whole = shape(dataset);
    if (whole.size() != 1 || first < 0 || count < 0 || count > whole[0] - first) {
        file_->fail(ErrorKind::data, dataset,
                    fmt::format("has shape ({}), and rows {} to {} are asked for.",
                                fmt::join(whole, ", "), first, first + count - 1));
    }
    RaggedRows<T> result;
    if (count == 0) return result;
    const Handle memory(H5Tvlen_create(memory_type(T{})), H5Tclose);
    const Handle space = list_space(count);
    ReadRows read(memory, space,
                  file_->count_to_read(dataset, {static_cast<hsize_t>(count)}, sizeof(hvl_t)));
    if (H5Dread(set, memory, space, rows_of(set, first, count), H5P_DEFAULT, read.rows().data()) <
        0) {
        file_->fail_reading(dataset);
    }
    for (const hvl_t& row : read.rows()) {
        result.add({static_cast<const T*>(row.p), row.len});
    }
    return result;
}

std::vector<std::string> Hdf5File::read_strings(const std::string& dataset) const {
    const auto lock = library_lock();
    const Handle set = file_->dataset(dataset);
    const Handle type(H5Dget_type(set), H5Tclose);
    const std::vector<std::int64_t> extents = shape(dataset);
    if (H5Tget_class(type) != H5T_STRING || extents.empty()) {
        file_->fail(ErrorKind::data, dataset, "must hold a list of texts.");
    }
    const std::size_t size = H5Tget_size(type);  // of texts of any length, that of a pointer
    const std::size_t count =
        file_->count_to_read(dataset, extents_of(extents), size + sizeof(std::string));
    std::vector<std::string> result;
    if (count == 0) return result;
    if (H5Tis_variable_str(type) > 0) {
        const Handle memory = string_type();
        H5Tset_cset(memory, H5Tget_cset(type));
        const Handle space = list_space(static_cast<std::int64_t>(count));
        ReadTexts read(memory, space, count);
        if (H5Dread(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                    static_cast<void*>(read.texts().data())) < 0) {
            file_->fail_reading(dataset);
        }
        for (const char* const text : read.texts()) result.emplace_back(text ? text : "");
        return result;
    }
    std::string all(count * size, '\0');
    if (H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data()) < 0) {
        file_->fail_reading(dataset);
    }
    for (std::size_t k = 0; k < count; ++k) {
        const std::string text = all.substr(k * size, size);
        result.push_back(text.substr(0, std::min(text.size(), text.find('\0'))));
    }
    return result;
}

void Hdf5File::write_strings(const std::string& dataset, std::span<const std::string> texts) {
    const auto lock = library_lock();
    std::size_t size = 1;
    for (const std::string& text : texts) size = std::max(size, text.size());
    std::string all;
    for (std::string text : texts) {
        text.resize(size);
        all += text;
    }
    const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type, size);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    Handle set = file_->make_dataset(dataset, type, simple_space({std::ssize(texts)}),
                                     Implementation::new_creation());
    if (!all.empty() && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data()) < 0) {
        file_->fail_writing(dataset);
    }
    file_->finish_writing(dataset, set);
}

void Hdf5File::write_texts(const std::string& dataset, const std::vector<std::int64_t>& shape,
                           std::span<const std::string> texts) {
    const auto lock = library_lock();
    const Handle type = string_type();
    std::vector<const char*> pointers;
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    Handle set =
        file_->make_dataset(dataset, type, simple_space(shape), Implementation::new_creation());
    if (!texts.empty() && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                                   static_cast<const void*>(pointers.data())) < 0) {
        file_->fail_writing(dataset);
    }
    file_->finish_writing(dataset, set);
}

void Hdf5File::make_ragged(const std::string& dataset, std::int64_t rows, FileType type) {
    const auto lock = library_lock();
    const Handle list(H5Tvlen_create(stored_type(type)), H5Tclose);
    Handle set =
        file_->make_dataset(dataset, list, simple_space({rows}), Implementation::new_creation());
    file_->finish_writing(dataset, set);
}

template <class T>
void Hdf5File::write_ragged(const std::string& dataset, std::int64_t first,
                            const RaggedRows<T>& rows) {
    const auto lock = library_lock();
    if (rows.count() == 0) return;
    Handle set = file_->dataset(dataset);
    const Handle memory(H5Tvlen_create(memory_type(T{})), H5Tclose);
    std::vector<hvl_t> lists;
    for (std::int64_t k = 0; k < rows.count(); ++k) {
        const std::span<const T> row = rows.row(k);
        // The library reads from there.
        lists.push_back({row.size(), const_cast<T*>(row.data())});  // NOLINT
    }
    if (H5Dwrite(set, memory, list_space(rows.count()), rows_of(set, first, rows.count()),
                 H5P_DEFAULT, lists.data()) < 0) {
        file_->fail_writing(dataset);
    }
    file_->finish_writing(dataset, set);
}

#define ELM_INSTANTIATE(T)                                                            \
    template RaggedRows<T> Hdf5File::read_ragged<T>(const std::string&, std::int64_t, \
                                                    std::int64_t) const;              \
    template void Hdf5File::write_ragged<T>(const std::string&, std::int64_t, const RaggedRows<T>&);
ELM_INSTANTIATE(float)
ELM_INSTANTIATE(std::int32_t)
#undef ELM_INSTANTIATE

}  // namespace elm
