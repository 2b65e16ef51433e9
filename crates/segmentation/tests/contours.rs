//! RTSTRUCT: contours whose voxels can be counted by hand.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use triher_segmentation::read_masks;
use triher_volume::Geometry;

const RTSTRUCT: &str = "1.2.840.10008.5.1.4.1.1.481.3";

/// A sagittal grid.
fn grid() -> Geometry {
    let directions = [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]];
    Geometry::from_parts(
        [12, 10, 5],
        [20.0, -30.0, 40.0],
        [0.8, 0.8, 2.0],
        directions,
    )
    .unwrap()
}

/// A square of voxels `low..=high` on a slice, drawn half a voxel outside of their centres.
fn square(low: f64, high: f64, slice: f64) -> Vec<f64> {
    let corners = [[low, low], [high, low], [high, high], [low, high]];
    let outwards = |v: f64| if v == low { v - 0.5 } else { v + 0.5 };
    corners
        .iter()
        .flat_map(|[i, j]| grid().index_to_world([outwards(*i), outwards(*j), slice]))
        .collect()
}

fn write(path: &std::path::Path, contours: &[Vec<f64>]) {
    let text = |tag, vr, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value));
    let items = contours.iter().map(|points| {
        let values = points.iter().map(|v| format!("{v:.6}")).collect();
        InMemDicomObject::from_element_iter([
            text(tags::CONTOUR_GEOMETRIC_TYPE, VR::CS, "CLOSED_PLANAR"),
            DataElement::new(tags::CONTOUR_DATA, VR::DS, PrimitiveValue::Strs(values)),
        ])
    });
    let contours = DataSetSequence::from(items.collect::<Vec<_>>());
    let names = InMemDicomObject::from_element_iter([
        text(tags::ROI_NUMBER, VR::IS, "7"),
        text(tags::ROI_NAME, VR::LO, "tumour"),
    ]);
    let region = InMemDicomObject::from_element_iter([
        text(tags::REFERENCED_ROI_NUMBER, VR::IS, "7"),
        DataElement::new(tags::CONTOUR_SEQUENCE, VR::SQ, contours),
    ]);
    let object = InMemDicomObject::from_element_iter([
        text(tags::SOP_CLASS_UID, VR::UI, RTSTRUCT),
        text(tags::SOP_INSTANCE_UID, VR::UI, "2.25.1"),
        text(tags::MODALITY, VR::CS, "RTSTRUCT"),
        DataElement::new(
            tags::STRUCTURE_SET_ROI_SEQUENCE,
            VR::SQ,
            DataSetSequence::from(vec![names]),
        ),
        DataElement::new(
            tags::ROI_CONTOUR_SEQUENCE,
            VR::SQ,
            DataSetSequence::from(vec![region]),
        ),
    ]);
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax("1.2.840.10008.1.2.1")
        .media_storage_sop_class_uid(RTSTRUCT)
        .media_storage_sop_instance_uid("2.25.1");
    object.with_meta(meta).unwrap().write_to_file(path).unwrap();
}

#[test]
fn squares_are_filled_and_a_square_within_is_a_hole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rt.dcm");
    write(
        &path,
        &[
            square(2.0, 7.0, 1.0),
            square(4.0, 5.0, 1.0),
            square(3.0, 4.0, 3.0),
        ],
    );
    let read = read_masks(&path, Some(&grid())).unwrap();
    assert_eq!(
        (read.len(), read[0].number, read[0].label.as_str()),
        (1, 7, "tumour")
    );
    let mask = &read[0].mask;
    assert_eq!(mask.count(), 6 * 6 - 2 * 2 + 2 * 2);
    assert_eq!(mask.get([2, 7, 1]), Some(&true));
    assert_eq!(mask.get([4, 5, 1]), Some(&false));
    assert_eq!(mask.get([3, 4, 3]), Some(&true));
    assert_eq!(mask.get([3, 4, 2]), Some(&false));
}

#[test]
fn contours_between_slices_or_elsewhere_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rt.dcm");
    write(&path, &[square(2.0, 7.0, 1.4)]);
    let told = read_masks(&path, Some(&grid())).unwrap_err().to_string();
    assert!(
        told.contains("tumour") && told.contains("between slices"),
        "{told}"
    );
    write(&path, &[square(2.0, 7.0, 9.0)]);
    let told = read_masks(&path, Some(&grid())).unwrap_err().to_string();
    assert!(told.contains("outside of the images"), "{told}");
    assert!(read_masks(&path, None).is_err());
}
