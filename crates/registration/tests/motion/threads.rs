//! The same bytes with any number of threads.

use crate::scene::{Movement, Scene};
use triher_registration::{DeformableOptions, MotionOptions, RigidOptions, register_series};

#[test]
fn threads_change_nothing() {
    let scene = Scene::new(1);
    let (series, _) = scene.moved(Movement::Deformable);
    let options = MotionOptions {
        rigid: RigidOptions {
            levels_mm: vec![8.0, 4.0],
            iterations: 10,
            ..RigidOptions::default()
        },
        deformable: DeformableOptions {
            levels_mm: vec![8.0, 4.0],
            iterations: 8,
            ..DeformableOptions::default()
        },
        ..MotionOptions::default()
    };
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| register_series(&series, None, &options).unwrap())
    };
    let (one, five) = (with(1), with(5));
    assert!(one.1.phases[0].mean_displacement_mm > 1.0);
    assert_eq!(one, five);
}
