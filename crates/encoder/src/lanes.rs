//! How tokens lie in memory: feature after feature, sixteen tokens side by side.

/// Tokens side by side: two vector registers of AVX2.
pub(crate) const LANES: usize = 16;

/// One feature of [`LANES`] tokens.
pub(crate) type Lane = [f32; LANES];

/// A matrix of tokens by features as `[panel][feature][lane]`, token = panel * 16 + lane.
///
/// Every pass over tokens (products, LayerNorm, softmax, GELU) then works on whole registers and never across one, and
/// the result of a product is the operand of the next without being rearranged. Lanes beyond the last token hold numbers that
/// are never read as another token's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens {
    /// Features of a token.
    pub(crate) features: usize,
    /// `panels * features` lanes.
    pub(crate) data: Vec<Lane>,
}

impl Tokens {
    /// Room for `tokens`, all zeros.
    pub(crate) fn zeros(tokens: usize, features: usize) -> Self {
        Self {
            features,
            data: vec![[0.0; LANES]; tokens.div_ceil(LANES) * features],
        }
    }

    /// From rows of `features` numbers, one per token.
    pub(crate) fn from_rows(rows: &[f32], features: usize) -> Self {
        let mut tokens = Self::zeros(rows.len() / features, features);
        for (token, row) in rows.chunks_exact(features).enumerate() {
            let panel = token / LANES * features;
            for (lane, &value) in tokens.data[panel..].iter_mut().zip(row) {
                lane[token % LANES] = value;
            }
        }
        tokens
    }

    /// Rows of the first `tokens`.
    pub(crate) fn rows(&self, tokens: usize) -> Vec<f32> {
        let mut rows = Vec::with_capacity(tokens * self.features);
        for token in 0..tokens {
            let panel = token / LANES * self.features;
            let lanes = &self.data[panel..panel + self.features];
            rows.extend(lanes.iter().map(|lane| lane[token % LANES]));
        }
        rows
    }

    /// A copy of the first panel.
    pub(crate) fn first_panel(&self) -> Self {
        Self {
            features: self.features,
            data: self.data[..self.features].to_vec(),
        }
    }

    /// Panels of the matrix, each of `features` lanes.
    pub(crate) fn panels(&self) -> std::slice::ChunksExact<'_, Lane> {
        self.data.chunks_exact(self.features)
    }

    /// The columns of every panel, cut into groups of `columns`: disjoint parts that tasks may write at the same time. Group g holds
    /// the columns from `g * columns` of each panel.
    pub(crate) fn column_groups(&mut self, columns: usize) -> Vec<Vec<&mut [Lane]>> {
        let mut groups: Vec<Vec<&mut [Lane]>> = Vec::new();
        groups.resize_with(self.features.div_ceil(columns), Vec::new);
        for panel in self.data.chunks_exact_mut(self.features) {
            for (group, part) in groups.iter_mut().zip(panel.chunks_mut(columns)) {
                group.push(part);
            }
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_in_and_come_out() {
        let rows: Vec<f32> = (0..35u8 * 3).map(f32::from).collect();
        let mut tokens = Tokens::from_rows(&rows, 3);
        assert_eq!(tokens.panels().len(), 3);
        assert_eq!(tokens.rows(35), rows);
        assert_eq!(tokens.data[3 + 2][1], rows[17 * 3 + 2]);
        let groups = tokens.column_groups(2);
        assert_eq!(groups.len(), 2);
        assert!(groups[0].iter().all(|part| part.len() == 2));
        assert!(groups[1].iter().all(|part| part.len() == 1));
        drop(groups);
        assert_eq!(tokens.first_panel().rows(16), rows[..48]);
    }
}
