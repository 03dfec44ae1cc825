#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace elm {

/// Number of CPU threads that kernels use; 0 means all cores. At first it is OMP_NUM_THREADS where
/// that is set, else all cores.
void set_thread_count(int threads);
int thread_count();

namespace detail {

/// Function to call for each index of a loop.
struct Task {
    const void* body;
    void (*call)(const void* body, std::int64_t index);
};

/// Calls the task for 0 <= index < count, threads taking the next free one. Inside a task, and
/// while another thread's call runs, all are called one after another. An exception ends the loop;
/// that of the lowest index is thrown on.
void run_tasks(std::int64_t count, const Task& task);

}  // namespace detail

/// How a row kernel walks along its row: a thread of the CPU alone, with several running sums side
/// by side, so that they are vectors and their order does not depend on the machine.
struct CpuRow {
    /// True for the one thread that writes what the row has once.
    static constexpr bool leads() { return true; }

    template <class Body>
    static void for_each(std::int64_t count, const Body& body) {
        for (std::int64_t i = 0; i < count; ++i) body(i);
    }

    /// term(0) + ... + term(count - 1).
    template <class Term>
    static auto sum(std::int64_t count, const Term& term) {
        using Real = decltype(term(count));
        return reduce(count, term, Real(0), [](Real a, Real b) { return a + b; });
    }

    /// The largest term, or -infinity if there is none.
    template <class Term>
    static auto maximum(std::int64_t count, const Term& term) {
        using Real = decltype(term(count));
        return reduce(count, term, Real(-INFINITY), [](Real a, Real b) { return a < b ? b : a; });
    }

private:
    template <class Term, class Real, class Combine>
    static Real reduce(std::int64_t count, const Term& term, Real start, const Combine& combine) {
        constexpr std::int64_t lanes = 16;
        Real results[lanes];
        for (Real& result : results) result = start;
        std::int64_t first = 0;
        for (; first + lanes <= count; first += lanes) {
            for (std::int64_t k = 0; k < lanes; ++k) {
                results[k] = combine(results[k], term(first + k));
            }
        }
        for (std::int64_t k = 0; first + k < count; ++k) {
            results[k] = combine(results[k], term(first + k));
        }
        Real total = results[0];
        for (std::int64_t k = 1; k < lanes; ++k) total = combine(total, results[k]);
        return total;
    }
};

/// The host backend of shared-body kernels.
struct Cpu {
    /// Calls body(i) for 0 <= i < count on all threads. Calls must not depend on each other.
    template <class Body>
    static void for_each_index(class Stream&, std::int64_t count, const Body& body) {
        const std::int64_t share = (count + thread_count() - 1) / thread_count();
        const std::int64_t piece = std::clamp(share, least_per_thread, most_per_task);
        for_each_task((count + piece - 1) / piece, [&](std::int64_t task) {
            const Body own = body;  // which no store of the loop can change, so it may use vectors
            const std::int64_t end = std::min(count, (task + 1) * piece);
            for (std::int64_t index = task * piece; index < end; ++index) own(index);
        });
    }

    /// Calls body(i) for 0 <= i < count, one call a task, threads taking the next free task. For
    /// few, large and uneven pieces of work.
    template <class Body>
    static void for_each_task(std::int64_t count, const Body& body) {
        detail::run_tasks(count, {&body, [](const void* tasks, std::int64_t index) {
                                      (*static_cast<const Body*>(tasks))(index);
                                  }});
    }

    /// Calls body(row, column) for all elements of a matrix. Neighbours in a row follow each other
    /// in one loop, which the compiler turns into vectors where `body` allows it.
    template <class Body>
    static void for_each_element(class Stream&, std::int64_t rows, std::int64_t columns,
                                 const Body& body) {
        const std::int64_t count = rows * columns;
        for_each_task((count + elements_per_task - 1) / elements_per_task, [&](std::int64_t task) {
            const Body one = body;
            const std::int64_t end = std::min(count, (task + 1) * elements_per_task);
            for (std::int64_t at = task * elements_per_task; at < end;) {
                const std::int64_t row = at / columns, first = at % columns;
                const std::int64_t last = std::min(columns, first + end - at);
                for (std::int64_t column = first; column < last; ++column) one(row, column);
                at += last - first;
            }
        });
    }

    /// Calls body(CpuRow{}, row) for all rows, each of about `row_length` elements.
    template <class Body>
    static void for_each_row(class Stream&, std::int64_t rows, std::int64_t row_length,
                             const Body& body) {
        const std::int64_t rows_per_task =
            std::max<std::int64_t>(1, elements_per_task / std::max<std::int64_t>(1, row_length));
        for_each_task((rows + rows_per_task - 1) / rows_per_task, [&](std::int64_t task) {
            const std::int64_t end = std::min(rows, (task + 1) * rows_per_task);
            for (std::int64_t row = task * rows_per_task; row < end; ++row) body(CpuRow{}, row);
        });
    }

private:
    // Starting threads costs about 5 us.
    static constexpr std::int64_t elements_per_task = 4096, least_per_thread = 256,
                                  most_per_task = 65536;
};

}  // namespace elm
