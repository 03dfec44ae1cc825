#pragma once

#include <string>

#include "kernels/core/dtype.h"
#include "network/description/network_description.h"
#include "network/engine.h"

/// A network in motion as an HDF5 file, from which it goes on bit for bit on any number of threads:
///
///   /          format = "network-checkpoint", format_version, program_version, network, engine,
///              precision, and a fingerprint of each part of the description
///   /state     what the engine goes on from; spikes and traces so far
///   /config    a text
namespace elm::network {

/// What a checkpoint belongs to. The description's duration and what statistics leave out may
/// change from run to run.
struct CheckpointOwner {
    const NetworkDescription* network;
    std::string engine;  // "time-stepped"
    DType precision = DType::f32;
};

/// Writes a checkpoint in place of one that is there; that one stays whole until the new one is on
/// the disk. Throws Error{write}.
void write_network_checkpoint(const std::string& path, const CheckpointOwner& owner,
                              const std::string& config, Engine& engine);

/// Takes an engine, before its first step, to where the checkpoint was written. Throws Error{data}
/// if the file is damaged or no checkpoint of this format, Error{invalid} if it is of another
/// network, naming the parts that differ.
void read_network_checkpoint(const std::string& path, const CheckpointOwner& owner, Engine& engine);

}  // namespace elm::network
