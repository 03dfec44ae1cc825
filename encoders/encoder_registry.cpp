#include "encoders/encoder_registry.h"

#include "kernels/io/registry.h"

namespace elm {

#define ELM_ENCODER(family, id) EncoderEntry id##_encoder();
#include "encoders/encoders.def"
#undef ELM_ENCODER

const std::vector<EncoderEntry>& all_encoders() {
    static const std::vector<EncoderEntry> entries{
#define ELM_ENCODER(family, id) id##_encoder(),
#include "encoders/encoders.def"
#undef ELM_ENCODER
    };
    return entries;
}

const EncoderEntry& find_encoder(std::string_view name) {
    return find_entry(all_encoders(), name, "encoder");
}

}  // namespace elm
