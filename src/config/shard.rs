//! Which phones of the list this process polls, where several share it.

/// One part of the list; the parts of one `count` are disjoint and together all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0, below `count`.
    pub index: u32,
    /// How many parts there are; at least 1.
    pub count: u32,
}

impl Default for Shard {
    /// The whole list.
    fn default() -> Self {
        Self { index: 0, count: 1 }
    }
}

impl Shard {
    /// Whether a phone of this name is in this part. The same in every version and on every machine.
    pub fn holds(self, name: &str) -> bool {
        hash(name) % u64::from(self.count.max(1)) == u64::from(self.index)
    }
}

/// FNV-1a, 64 bits (draft-eastlake-fnv): short, stable, and even enough for names.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        // Test vectors of draft-eastlake-fnv.
        for (text, expect) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            assert_eq!(hash(text), expect, "{text:?}");
        }
    }

    #[test]
    fn every_phone_is_in_exactly_one_part_and_parts_are_of_like_size() {
        let count = 4;
        let mut sizes = [0; 4];
        for phone in 0..1000 {
            let name = format!("phone-{phone}");
            let holding: Vec<usize> = (0..count)
                .filter(|index| {
                    Shard {
                        index: *index,
                        count,
                    }
                    .holds(&name)
                })
                .map(|index| index as usize)
                .collect();
            assert_eq!(holding.len(), 1, "{name} is in {holding:?}");
            sizes[holding[0]] += 1;
        }
        assert!(
            sizes.iter().all(|size| (200..300).contains(size)),
            "{sizes:?}"
        );
    }
}
