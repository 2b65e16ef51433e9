//! Size and shape of the whole region, and how its intensities lie in it (IBSI reference manual, section 3.1).

mod ellipsoid;
mod hull;
mod mesh;
mod open_mesh;
mod smallest_box;
mod spatial;

pub(crate) use open_mesh::{OpenMesh, axis_lengths_mm};

use crate::feature::{Entry, entry};
use crate::prepare::Region;
use hull::Hull;
use mesh::{cross, dot, minus};
use nalgebra::{Matrix3, Vector3};
use std::f64::consts::PI;
use triher_region::{IndexBox, bounding_box};

/// The region in its box, with a border of one voxel.
struct Boxed {
    size: [usize; 3],
    inside: Vec<u8>,
    bounds: IndexBox,
}

impl Boxed {
    fn new(region: &Region, bounds: IndexBox) -> Self {
        let size: [usize; 3] = std::array::from_fn(|a| bounds.size()[a] + 2);
        let mut inside = vec![0u8; size.iter().product()];
        for ([j, k], row) in rows(region, bounds, region.morphological.voxels()) {
            let from = 1 + size[0] * (j + 1 + size[1] * (k + 1));
            for (inside, voxel) in inside[from..].iter_mut().zip(row) {
                *inside = u8::from(*voxel);
            }
        }
        Self {
            size,
            inside,
            bounds,
        }
    }
}

/// Rows of a box along the first axis: place in the box along the others, and what lies in it.
fn rows<'v, T>(
    region: &Region,
    bounds: IndexBox,
    values: &'v [T],
) -> impl Iterator<Item = ([usize; 2], &'v [T])> {
    let [nx, ny, _] = region.image.geometry().size();
    let [width, height, depth] = bounds.size();
    (0..depth).flat_map(move |k| {
        (0..height).map(move |j| {
            let at = bounds.start[0] + nx * (bounds.start[1] + j + ny * (bounds.start[2] + k));
            ([j, k], &values[at..][..width])
        })
    })
}

/// Centre of gravity in voxels of the box, the covariance of voxel centres in mm2 (of a sample: divided by n - 1), and the number of voxels.
fn moments(boxed: &Boxed, spacing: [f64; 3]) -> (Vector3<f64>, Matrix3<f64>, f64) {
    let [nx, ny, _] = boxed.size;
    let (mut count, mut sum, mut squares) = (0u64, [0u64; 3], [[0u64; 3]; 3]);
    for (row, inside) in boxed.inside.chunks_exact(nx).enumerate() {
        let (mut here, mut along, mut along_squares) = (0u64, 0u64, 0u64);
        for (i, v) in (0u64..).zip(inside) {
            let v = u64::from(*v);
            here += v;
            along += v * i;
            along_squares += v * i * i;
        }
        let [j, k] = [row % ny, row / ny].map(|v| v as u64);
        count += here;
        for (sum, more) in sum.iter_mut().zip([along, here * j, here * k]) {
            *sum += more;
        }
        squares[0][0] += along_squares;
        squares[1][0] += along * j;
        squares[1][1] += here * j * j;
        squares[2][0] += along * k;
        squares[2][1] += here * j * k;
        squares[2][2] += here * k * k;
    }
    let n = count as f64;
    let mean = Vector3::from_fn(|a, _| sum[a] as f64 / n);
    let covariance = Matrix3::from_fn(|a, b| {
        let (a, b) = (a.max(b), a.min(b));
        let centred = squares[a][b] as f64 - n * mean[a] * mean[b];
        centred / (n - 1.0).max(1.0) * spacing[a] * spacing[b]
    });
    (mean, covariance, n)
}

/// The 29 features.
pub(crate) fn features(region: &Region) -> Vec<Entry> {
    let Some(bounds) = bounding_box(&region.morphological) else {
        return Vec::new();
    };
    let spacing = region.image.geometry().spacing_mm();
    let boxed = Boxed::new(region, bounds);
    let ((area, volume), (hull, (correlation, centres))) = rayon::join(
        || mesh::measure(&boxed.inside, boxed.size, spacing),
        || {
            rayon::join(
                || Hull::new(mesh::outermost(&boxed.inside, boxed.size)),
                || intensity_in_space(region, bounds, spacing),
            )
        },
    );
    let (centre, covariance, count) = moments(&boxed, spacing);
    let mut axes: Vec<f64> = (covariance.symmetric_eigenvalues().iter())
        .map(|l| l.max(0.0).sqrt())
        .collect();
    axes.sort_by(|a, b| b.total_cmp(a));
    let semi = [2.0 * axes[0], 2.0 * axes[1], 2.0 * axes[2]];
    let sphericity = (36.0 * PI * volume * volume).cbrt() / area;
    let enclosing = Enclosing::new(hull.as_ref(), spacing);
    let (centre_of_intensity, mean_intensity) = centres;
    let shift = centre_of_intensity.map(|c| {
        let d: [f64; 3] = std::array::from_fn(|a| (centre[a] - 1.0 - c[a]) * spacing[a]);
        dot(d, d).sqrt()
    });
    let sides: [f64; 3] = std::array::from_fn(|a| boxed.bounds.size()[a] as f64 * spacing[a]);
    let box_area = |s: [f64; 3]| 2.0 * (s[0] * s[1] + s[1] * s[2] + s[2] * s[0]);
    let ellipsoid_volume = |s: [f64; 3]| 4.0 / 3.0 * PI * s.iter().product::<f64>();
    let ratio = |a: f64, b: f64| if a > 0.0 { b / a } else { f64::NAN };
    let flat = "the region's voxels lie in one plane, line or point: an axis has no length";
    let flat_axes = semi[2] <= 0.0;
    let e = entry;
    let none = "the region has no extent along an axis";
    let mut list = vec![
        e("morph_volume", "Volume (mesh)", "mm3", volume),
        e(
            "morph_vol_approx",
            "Volume (voxel counting)",
            "mm3",
            count * spacing.iter().product::<f64>(),
        ),
        e("morph_area_mesh", "Surface area (mesh)", "mm2", area),
        e("morph_av", "Surface to volume ratio", "1/mm", area / volume),
        e(
            "morph_comp_1",
            "Compactness 1",
            "1",
            volume / (PI.sqrt() * area.powf(1.5)),
        ),
        e(
            "morph_comp_2",
            "Compactness 2",
            "1",
            36.0 * PI * volume * volume / area.powi(3),
        ),
        e(
            "morph_sph_dispr",
            "Spherical disproportion",
            "1",
            1.0 / sphericity,
        ),
        e("morph_sphericity", "Sphericity", "1", sphericity),
        e(
            "morph_asphericity",
            "Asphericity",
            "1",
            1.0 / sphericity - 1.0,
        ),
        e(
            "morph_com",
            "Centre of mass shift",
            "mm",
            shift.unwrap_or(f64::NAN),
        )
        .flagged(
            shift.is_none(),
            "intensities sum up to zero: they have no centre of mass",
        ),
        e(
            "morph_diam",
            "Maximum 3D diameter",
            "mm",
            enclosing.diameter,
        ),
        e(
            "morph_pca_maj_axis",
            "Major axis length",
            "mm",
            2.0 * semi[0],
        ),
        e(
            "morph_pca_min_axis",
            "Minor axis length",
            "mm",
            2.0 * semi[1],
        ),
        e(
            "morph_pca_least_axis",
            "Least axis length",
            "mm",
            2.0 * semi[2],
        ),
        e(
            "morph_pca_elongation",
            "Elongation",
            "1",
            ratio(semi[0], semi[1]),
        )
        .flagged(semi[0] <= 0.0, none),
        e(
            "morph_pca_flatness",
            "Flatness",
            "1",
            ratio(semi[0], semi[2]),
        )
        .flagged(semi[0] <= 0.0, none),
        e(
            "morph_vol_dens_aabb",
            "Volume density (AABB)",
            "1",
            volume / sides.iter().product::<f64>(),
        ),
        e(
            "morph_area_dens_aabb",
            "Area density (AABB)",
            "1",
            area / box_area(sides),
        ),
    ];
    let density = |tag, name, own: f64, of: f64| {
        let value = if of > 0.0 { own / of } else { f64::NAN };
        e(tag, name, "1", value).flagged(value.is_nan(), flat)
    };
    let oriented = enclosing.sides;
    let least = enclosing.semi_axes;
    list.extend([
        density(
            "morph_vol_dens_ombb",
            "Volume density (OMBB)",
            volume,
            oriented.iter().product(),
        ),
        density(
            "morph_area_dens_ombb",
            "Area density (OMBB)",
            area,
            box_area(oriented),
        ),
        density(
            "morph_vol_dens_aee",
            "Volume density (AEE)",
            volume,
            ellipsoid_volume(semi),
        ),
        density(
            "morph_area_dens_aee",
            "Area density (AEE)",
            area,
            if flat_axes {
                f64::NAN
            } else {
                ellipsoid::ellipsoid_area(semi)
            },
        ),
        density(
            "morph_vol_dens_mvee",
            "Volume density (MVEE)",
            volume,
            ellipsoid_volume(least),
        ),
        density(
            "morph_area_dens_mvee",
            "Area density (MVEE)",
            area,
            ellipsoid::ellipsoid_area(least),
        ),
        density(
            "morph_vol_dens_conv_hull",
            "Volume density (convex hull)",
            volume,
            enclosing.volume,
        ),
        density(
            "morph_area_dens_conv_hull",
            "Area density (convex hull)",
            area,
            enclosing.area,
        ),
        e(
            "morph_integ_int",
            "Integrated intensity",
            "intensity mm3",
            mean_intensity * volume,
        ),
    ]);
    let (moran, geary, why) = match correlation {
        Ok((moran, geary)) => (moran, geary, ""),
        Err(why) => (f64::NAN, f64::NAN, why),
    };
    list.push(e("morph_moran_i", "Moran's I index", "1", moran).flagged(!why.is_empty(), why));
    list.push(e("morph_geary_c", "Geary's C measure", "1", geary).flagged(!why.is_empty(), why));
    list
}

/// Moran's I and Geary's C, or why not; with the centre of mass of the intensities in voxels of the box, and their mean.
type InSpace = (Result<(f64, f64), &'static str>, (Option<[f64; 3]>, f64));

fn intensity_in_space(region: &Region, bounds: IndexBox, spacing: [f64; 3]) -> InSpace {
    let mut intensities = Vec::with_capacity(bounds.size().iter().product());
    let (mut sum, mut count, mut weighted) = (0f64, 0f64, [0f64; 3]);
    let counted = rows(region, bounds, region.intensity.voxels());
    for (([j, k], values), (_, counted)) in rows(region, bounds, region.image.voxels()).zip(counted)
    {
        let (mut of_row, mut along) = (0f64, 0f64);
        for (i, (value, counted)) in values.iter().zip(counted).enumerate() {
            let v = f64::from(*value);
            intensities.push(if *counted { v } else { f64::NAN });
            if *counted {
                of_row += v;
                count += 1.0;
                along += v * i as f64;
            }
        }
        sum += of_row;
        for (weighted, more) in
            (weighted.iter_mut()).zip([along, of_row * j as f64, of_row * k as f64])
        {
            *weighted += more;
        }
    }
    let correlation = spatial::autocorrelation(&intensities, bounds.size(), spacing);
    let centre = (sum != 0.0).then(|| weighted.map(|w| w / sum));
    (correlation, (centre, sum / count))
}

/// What the convex hull gives.
struct Enclosing {
    area: f64,
    volume: f64,
    diameter: f64,
    sides: [f64; 3],
    semi_axes: [f64; 3],
}

impl Enclosing {
    fn new(hull: Option<&Hull>, spacing: [f64; 3]) -> Self {
        // The surface of a voxel is not flat, so there is always a hull.
        let Some(hull) = hull else {
            return Self {
                area: f64::NAN,
                volume: f64::NAN,
                diameter: f64::NAN,
                sides: [f64::NAN; 3],
                semi_axes: [f64::NAN; 3],
            };
        };
        let points: Vec<[f64; 3]> = (hull.points.iter())
            .map(|p| std::array::from_fn(|a| 0.5 * p[a] as f64 * spacing[a]))
            .collect();
        let (mut area, mut volume) = (0.0, 0.0);
        for t in &hull.triangles {
            let [a, b, c] = t.map(|i| points[i]);
            let normal = cross(minus(b, a), minus(c, a));
            area += 0.5 * dot(normal, normal).sqrt();
            volume += dot(minus(a, points[0]), normal) / 6.0;
        }
        let mut square = 0f64;
        for (at, a) in points.iter().enumerate() {
            for b in &points[at + 1..] {
                let d = minus(*a, *b);
                square = square.max(dot(d, d));
            }
        }
        let (sides, semi_axes) = rayon::join(
            || smallest_box::smallest_box(&points, &hull.triangles),
            || ellipsoid::smallest_ellipsoid(&points),
        );
        Self {
            area,
            volume,
            diameter: square.sqrt(),
            sides,
            semi_axes,
        }
    }
}
