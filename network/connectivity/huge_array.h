#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace elm::network {

/// Zeroed memory in pages of 2 MB where the system gives them, for arrays that are read all over:
/// fewer pages are fewer misses of the translation buffer. Throws Error{memory}.
void* take_huge(std::size_t bytes);
void give_huge(void* memory, std::size_t bytes) noexcept;
/// Gives back what lies behind the first `kept` of `bytes`.
void shrink_huge(void* memory, std::size_t bytes, std::size_t kept) noexcept;

/// An array of plain values in such memory.
template <class T>
class HugeArray {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    HugeArray() = default;
    explicit HugeArray(std::int64_t size)
        : size_(size),
          data_(size == 0
                    ? nullptr
                    : static_cast<T*>(take_huge(static_cast<std::size_t>(size) * sizeof(T)))) {}
    ~HugeArray() { give_huge(data_, static_cast<std::size_t>(size_) * sizeof(T)); }
    HugeArray(HugeArray&& other) noexcept { swap(other); }
    HugeArray& operator=(HugeArray&& other) noexcept {
        swap(other);
        return *this;
    }

    /// Keeps the first `size` elements.
    void shrink(std::int64_t size) noexcept {
        if (data_ != nullptr) {
            shrink_huge(data_, bytes(), static_cast<std::size_t>(size) * sizeof(T));
        }
        if (size == 0) data_ = nullptr;
        size_ = size;
    }

    std::int64_t size() const noexcept { return size_; }
    std::size_t bytes() const noexcept { return static_cast<std::size_t>(size_) * sizeof(T); }
    T* data() noexcept { return data_; }
    const T* data() const noexcept { return data_; }
    T& operator[](std::int64_t i) noexcept { return data_[i]; }
    const T& operator[](std::int64_t i) const noexcept { return data_[i]; }

private:
    void swap(HugeArray& other) noexcept {
        std::swap(size_, other.size_);
        std::swap(data_, other.data_);
    }

    std::int64_t size_ = 0;
    T* data_ = nullptr;
};

}  // namespace elm::network
