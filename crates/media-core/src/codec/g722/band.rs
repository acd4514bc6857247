//! What encoder and decoder both follow of a band: its scale and what it predicts, from codes alone.

/// One band.
#[derive(Clone, Debug)]
pub(super) struct Band {
    kind: &'static Kind,
    /// Logarithm of the scale: NABLA of the Recommendation.
    log_scale: i32,
    /// DET.
    scale: i32,
    predictor: Predictor,
}

/// What the bands differ in.
#[derive(Debug)]
pub(super) struct Kind {
    /// DET at the start.
    scale: i32,
    /// What the codes stand for: QM4 and QM2.
    values: &'static [i32],
    /// How much a code moves the scale: WL over RL42, WH over RH2.
    steps: &'static [i32],
    max_log_scale: i32,
    shift: i32,
}

pub(super) static LOW: Kind = Kind {
    scale: 32,
    values: &[
        0, -20_456, -12_896, -8_968, -6_288, -4_240, -2_584, -1_200, 20_456, 12_896, 8_968, 6_288,
        4_240, 2_584, 1_200, 0,
    ],
    steps: &[
        -60, 3_042, 1_198, 538, 334, 172, 58, -30, 3_042, 1_198, 538, 334, 172, 58, -30, -60,
    ],
    max_log_scale: 18_432,
    shift: 8,
};

pub(super) static HIGH: Kind = Kind {
    scale: 8,
    values: &[-7_408, -1_616, 7_408, 1_616],
    steps: &[798, -214, 798, -214],
    max_log_scale: 22_528,
    shift: 10,
};

impl Band {
    pub(super) fn new(kind: &'static Kind) -> Self {
        Self {
            kind,
            log_scale: 0,
            scale: kind.scale,
            predictor: Predictor::default(),
        }
    }

    pub(super) const fn scale(&self) -> i32 {
        self.scale
    }

    /// The predicted sample.
    pub(super) const fn estimate(&self) -> i32 {
        self.predictor.estimate
    }

    /// Takes a code of four or two bits and gives the difference that it stood for (INVQAL, LOGSCL, SCALEL and their
    /// likes of the upper band).
    pub(super) fn adapt(&mut self, code: i32) -> i32 {
        let code = usize::try_from(code).unwrap_or_default();
        let difference = (self.scale * lookup(self.kind.values, code)) >> 15;
        self.log_scale = (((self.log_scale * 127) >> 7) + lookup(self.kind.steps, code))
            .clamp(0, self.kind.max_log_scale);
        let fraction = usize::try_from((self.log_scale >> 6) & 31).unwrap_or_default();
        let mantissa = lookup(&ILB, fraction);
        let shift = self.kind.shift - (self.log_scale >> 11);
        self.scale = if shift < 0 {
            mantissa << -shift
        } else {
            mantissa >> shift
        } << 2;
        self.predictor.adapt(difference);
        difference
    }
}

/// Two poles and six zeros that follow the signal (block 4).
#[derive(Clone, Debug, Default)]
struct Predictor {
    /// S.
    estimate: i32,
    /// SZ.
    from_zeros: i32,
    /// R, newest first.
    rebuilt: [i32; 2],
    /// P, newest first.
    partial: [i32; 2],
    /// A1 and A2.
    poles: [i32; 2],
    /// D, newest first.
    differences: [i32; 6],
    /// B1 to B6.
    zeros: [i32; 6],
}

impl Predictor {
    fn adapt(&mut self, difference: i32) {
        let rebuilt = clamp16(self.estimate + difference);
        let partial = clamp16(self.from_zeros + difference);
        self.adapt_poles(partial);
        self.adapt_zeros(difference);
        self.rebuilt = [rebuilt, self.rebuilt[0]];
        self.partial = [partial, self.partial[0]];
        self.differences.rotate_right(1);
        self.differences[0] = difference;
        // FILTEP, FILTEZ, PREDIC
        let from_poles: i32 = filtered(&self.poles, &self.rebuilt);
        self.from_zeros = clamp16(filtered(&self.zeros, &self.differences));
        self.estimate = clamp16(clamp16(from_poles) + self.from_zeros);
    }

    /// UPPOL2 and UPPOL1.
    fn adapt_poles(&mut self, partial: i32) {
        let [a1, a2] = self.poles;
        let [same_as_first, same_as_second] =
            self.partial.map(|before| (before < 0) == (partial < 0));
        let pull = clamp16(a1 << 2);
        let pull = if same_as_first {
            (-pull).min(32_767)
        } else {
            pull
        };
        let push = if same_as_second { 128 } else { -128 };
        let a2 = (push + (pull >> 7) + ((a2 * 32_512) >> 15)).clamp(-12_288, 12_288);
        let push = if same_as_first { 192 } else { -192 };
        let limit = 15_360 - a2;
        let a1 = clamp16(push + ((a1 * 32_640) >> 15)).clamp(-limit, limit);
        self.poles = [a1, a2];
    }

    /// UPZERO.
    fn adapt_zeros(&mut self, difference: i32) {
        let step = if difference == 0 { 0 } else { 128 };
        for (zero, before) in self.zeros.iter_mut().zip(&self.differences) {
            let push = if (*before < 0) == (difference < 0) {
                step
            } else {
                -step
            };
            *zero = clamp16(push + ((*zero * 32_640) >> 15));
        }
    }
}

fn filtered(coefficients: &[i32], values: &[i32]) -> i32 {
    coefficients
        .iter()
        .zip(values)
        .map(|(coefficient, value)| (coefficient * clamp16(value * 2)) >> 15)
        .sum()
}

pub(super) fn clamp16(value: i32) -> i32 {
    value.clamp(i16::MIN.into(), i16::MAX.into())
}

pub(super) fn lookup(table: &[i32], index: usize) -> i32 {
    table.get(index).copied().unwrap_or_default()
}

/// Powers of two in 32 steps, times 2,048.
const ILB: [i32; 32] = [
    2_048, 2_093, 2_139, 2_186, 2_233, 2_282, 2_332, 2_383, 2_435, 2_489, 2_543, 2_599, 2_656,
    2_714, 2_774, 2_834, 2_896, 2_960, 3_025, 3_091, 3_158, 3_228, 3_298, 3_371, 3_444, 3_520,
    3_597, 3_676, 3_756, 3_838, 3_922, 4_008,
];
