//! Plain values that are read as others without loss.

use super::Schema;

/// True if every value of one plain type is read exactly as one of another.
pub(super) fn widens(written: &Schema, read: &Schema) -> bool {
    let (Some(from), Some(to)) = (written.range(), read.range()) else {
        return matches!((written, read), (Schema::Char, Schema::Text));
    };
    match (from, to) {
        (Range::Signed(from), Range::Signed(to)) | (Range::Unsigned(from), Range::Unsigned(to)) => {
            from <= to
        }
        (Range::Unsigned(from), Range::Signed(to)) => from < to,
        // As many bits as the mantissa has are exact.
        (Range::Signed(bits) | Range::Unsigned(bits), Range::Float(mantissa)) => bits <= mantissa,
        (Range::Float(from), Range::Float(to)) => from <= to,
        (Range::Signed(_), Range::Unsigned(_)) | (Range::Float(_), _) => false,
    }
}

/// The range of numbers, by bits.
#[derive(Clone, Copy)]
enum Range {
    Signed(u32),
    Unsigned(u32),
    /// The bits of the mantissa.
    Float(u32),
}

impl Schema {
    fn range(&self) -> Option<Range> {
        Some(match self {
            Self::I8 => Range::Signed(8),
            Self::I16 => Range::Signed(16),
            Self::I32 => Range::Signed(32),
            Self::I64 => Range::Signed(64),
            Self::U8 => Range::Unsigned(8),
            Self::U16 => Range::Unsigned(16),
            Self::U32 => Range::Unsigned(32),
            Self::U64 => Range::Unsigned(64),
            Self::F32 => Range::Float(24),
            Self::F64 => Range::Float(53),
            // Those of 128 bits are written in a way of their own.
            _ => return None,
        })
    }
}
