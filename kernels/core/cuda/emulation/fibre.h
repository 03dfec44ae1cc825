#pragma once

/// Fibres: stacks with a suspended computation, switched by hand on one OS thread.

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <memory>
#include <vector>

namespace elm::emulation {

/// One suspended computation and what the sanitizers know about it.
struct Fibre {
    boost::context::detail::fcontext_t context = nullptr;
    const void* stack_bottom = nullptr;
    std::size_t stack_size = 0;
    void* mapping = nullptr;  ///< null for the main fibre, whose stack is the OS thread's
    std::size_t mapping_size = 0;
    void* fake_stack = nullptr;  ///< AddressSanitizer's
    void* tsan_fibre = nullptr;  ///< ThreadSanitizer's
    bool taken = false;          ///< given out by the pool
};

/// Suspends `from` and continues `to`; returns when somebody switches back to `from`.
void switch_fibre(Fibre& from, Fibre& to);

/// Hands out fibres that run one entry function, and takes them back.
///
/// The entry function never returns: when a fibre has nothing to do it is put back and switched
/// away from; when taken again, its loop continues.
class FibrePool {
public:
    /// Called once per fibre, on its own stack.
    using Entry = void (*)(Fibre& self);

    /// There is one pool in a program.
    explicit FibrePool(Entry entry);
    FibrePool(const FibrePool&) = delete;
    FibrePool& operator=(const FibrePool&) = delete;
    ~FibrePool();

    /// Makes fibres until `count` are free. ThreadSanitizer orders a new fibre after its maker, so
    /// under it all fibres of a block are made here, by the main fibre.
    void reserve(std::size_t count);
    Fibre& take();
    void put_back(Fibre& fibre);

    /// Makes every fibre that is not free start afresh: the computations they hold are dropped.
    void abandon_taken();
    /// Unmaps all fibres. None may be in use.
    void clear();

    Fibre& main() { return main_; }

private:
    Fibre& make();
    void prepare(Fibre& fibre);
    static void destroy(Fibre& fibre);

    Fibre main_;
    std::vector<std::unique_ptr<Fibre>> all_;
    std::vector<Fibre*> free_;
};

}  // namespace elm::emulation
