#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace elm {

/// Objects that are costly to make, lent to one user at a time and kept for the next one. Any
/// thread may take and give back. Loans may outlive the pool.
///
/// A pool shrinks after its largest use: who has waited while many others were lent is destroyed.
template <class T>
class Pool {
    struct Waiting {
        std::unique_ptr<T> object;
        std::int64_t since;  // number of loans up to then
    };
    struct Store {
        std::mutex mutex;
        std::vector<Waiting> waiting;  // in the order in which they were given back
        std::int64_t loans = 0, lent = 0;

        template <class Fits>
        std::unique_ptr<T> find(const Fits& fits) {
            const std::scoped_lock lock(mutex);
            std::size_t at = waiting.size();
            while (at > 0 && !fits(std::as_const(*waiting[at - 1].object))) --at;
            if (at == 0 && waiting.size() < spare) return nullptr;
            if (at > 0) --at;
            std::unique_ptr<T> found = std::move(waiting[at].object);
            waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(at));
            return found;
        }
        void lend() {
            const std::scoped_lock lock(mutex);
            waiting.reserve(waiting.size() + static_cast<std::size_t>(lent) + 1);
            ++lent;
            ++loans;
        }
        void take_back(T* object) noexcept {
            std::unique_ptr<T> unused;  // destroyed after the lock
            const std::scoped_lock lock(mutex);
            --lent;
            waiting.push_back({std::unique_ptr<T>(object), loans});
            const auto alive = static_cast<std::int64_t>(waiting.size()) + lent;
            if (loans - waiting.front().since > patience * alive) {
                unused = std::move(waiting.front().object);
                waiting.erase(waiting.begin());
            }
        }
    };
    struct GiveBack {
        std::shared_ptr<Store> store;
        void operator()(T* object) const noexcept { store->take_back(object); }
    };

public:
    /// Loans that an object waits for, for each one of the pool.
    static constexpr std::int64_t patience = 16;
    /// So many wait for a user whom they fit; of more the first is given to whom none fits.
    static constexpr std::size_t spare = 4;

    /// Gives its object back when it is destroyed.
    using Loan = std::unique_ptr<T, GiveBack>;

    /// The last object given back of those for which `fits(const T&)` is true, else one that waits
    /// for nobody (`spare`), else what `make()` returns.
    template <class Fits, class Make>
    Loan take(const Fits& fits, const Make& make) {
        std::unique_ptr<T> object = store_->find(fits);
        if (object == nullptr) object = std::make_unique<T>(make());
        store_->lend();
        return Loan(object.release(), GiveBack{store_});
    }
    template <class Make>
    Loan take(const Make& make) {
        return take([](const T&) { return true; }, make);
    }

    /// Objects that wait for a user.
    std::size_t waiting() const {
        const std::scoped_lock lock(store_->mutex);
        return store_->waiting.size();
    }

private:
    std::shared_ptr<Store> store_ = std::make_shared<Store>();
};

}  // namespace elm
